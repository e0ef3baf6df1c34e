// Stands in for xunit where there is no NuGet: the part of its interface that our tests use, and a runner that prints
// `ok NAME`, `FAIL NAME: why` and `skip NAME: why`. Kaffi.Tests.csproj leaves this file out and references xunit, unless -p:Shim=true.
using System; using System.Collections; using System.Collections.Generic; using System.Diagnostics; using System.Linq;
using System.Reflection; using System.Threading.Tasks;
namespace Xunit
{
    [AttributeUsage(AttributeTargets.Method)] public class FactAttribute : Attribute { public string? Skip { get; set; } public int Timeout { get; set; } public string? DisplayName { get; set; } }
    public class TheoryAttribute : FactAttribute { }
    [AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
    public class InlineDataAttribute(params object?[]? data) : Attribute { public object?[] Data => data ?? [null]; }
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
    public class TraitAttribute(string name, string value) : Attribute { public string Name => name; public string Value => value; }
    public interface IClassFixture<T> where T : class { }
    public class XunitException(string message) : Exception(message) { }
    public static class Assert
    {
        static void That(bool ok, string message) { if (!ok) throw new XunitException(message); }
        static string S(object? o) => o switch { null => "null", string s => $"\"{s}\"", IEnumerable e => "[" + string.Join(", ", e.Cast<object?>().Take(20).Select(S)) + "]", _ => o.ToString()! };
        static bool Eq(object? a, object? b) => a is IEnumerable x && b is IEnumerable y && !(a is string || b is string)
            ? x.Cast<object?>().SequenceEqual(y.Cast<object?>(), EqualityComparer<object?>.Create(Eq)) : Equals(a, b);
        public static void Equal<T>(T expected, T actual) => That(Eq(expected, actual), $"expected {S(expected)}, got {S(actual)}");
        public static void Equal<T>(IEnumerable<T>? expected, IEnumerable<T>? actual) => That(Eq(expected, actual), $"expected {S(expected)}, got {S(actual)}");
        public static void NotEqual<T>(T expected, T actual) => That(!Eq(expected, actual), $"did not expect {S(actual)}");
        public static void Same(object? expected, object? actual) => That(ReferenceEquals(expected, actual), "not the same object");
        public static void True(bool condition, string? message = null) => That(condition, message ?? "expected true");
        public static void False(bool condition, string? message = null) => That(!condition, message ?? "expected false");
        public static void Null(object? o) => That(o is null, $"expected null, got {S(o)}");
        public static void NotNull([System.Diagnostics.CodeAnalysis.NotNull] object? o) { if (o is null) throw new XunitException("got null"); }
        public static void Empty(IEnumerable c) => That(!c.GetEnumerator().MoveNext(), $"expected empty, got {S(c)}");
        public static void NotEmpty(IEnumerable c) => That(c.GetEnumerator().MoveNext(), "got empty");
        public static T Single<T>(IEnumerable<T> c) { That(c.Take(2).Count() == 1, $"expected one element, got {S(c)}"); return c.First(); }
        public static void Contains(string part, string? whole) => That(whole?.Contains(part, StringComparison.Ordinal) == true, $"{S(part)} not in {S(whole)}");
        public static void Contains<T>(T item, IEnumerable<T> c) => That(c.Contains(item), $"{S(item)} not in {S(c)}");
        public static void StartsWith(string part, string? whole) => That(whole?.StartsWith(part, StringComparison.Ordinal) == true, $"{S(whole)} does not start with {S(part)}");
        public static void InRange<T>(T actual, T low, T high) where T : IComparable => That(actual.CompareTo(low) >= 0 && actual.CompareTo(high) <= 0, $"{S(actual)} not in {S(low)}..{S(high)}");
        public static T IsType<T>(object? o) { That(o?.GetType() == typeof(T), $"expected {typeof(T)}, got {o?.GetType()}"); return (T)o!; }
        public static void Fail(string message) => throw new XunitException(message);
        static T Thrown<T>(Exception? e, bool any) where T : Exception => e is T t && (any || e.GetType() == typeof(T)) ? t : throw new XunitException($"expected {typeof(T)}, got {e?.ToString() ?? "no exception"}");
        static Exception? Catch(Action f) { try { f(); return null; } catch (Exception e) { return e; } }
        static async Task<Exception?> Catch(Func<Task> f) { try { await f(); return null; } catch (Exception e) { return e; } }
        public static T Throws<T>(Action f) where T : Exception => Thrown<T>(Catch(f), false);
        public static T Throws<T>(Func<object?> f) where T : Exception => Thrown<T>(Catch(() => { f(); }), false);
        [Obsolete("use ThrowsAsync", true)] public static T Throws<T>(Func<Task> f) where T : Exception => throw new NotSupportedException();   // as in xunit: `() => throw x` binds here
        public static T ThrowsAny<T>(Action f) where T : Exception => Thrown<T>(Catch(f), true);
        public static async Task<T> ThrowsAsync<T>(Func<Task> f) where T : Exception => Thrown<T>(await Catch(f), false);
        public static async Task<T> ThrowsAnyAsync<T>(Func<Task> f) where T : Exception => Thrown<T>(await Catch(f), true);
    }
    static class Runner   // args: parts of test names; with none all tests run. Last line: N passed, N failed, N skipped
    {
        static async Task<int> Main(string[] args)
        {
            int passed = 0, failed = 0, skipped = 0;
            foreach (var type in typeof(Runner).Assembly.GetTypes().Where(t => t is { IsClass: true, IsAbstract: false }).OrderBy(t => t.FullName, StringComparer.Ordinal))
            {
                var fixtures = new Dictionary<Type, object>();
                foreach (var m in type.GetMethods())
                {
                    if (m.GetCustomAttribute<FactAttribute>() is not { } fact) continue;
                    var cases = fact is TheoryAttribute ? m.GetCustomAttributes<InlineDataAttribute>().Select(d => d.Data) : [[]];
                    foreach (var data in cases)
                    {
                        var name = (fact.DisplayName ?? $"{type.Name}/{m.Name}") + (data.Length > 0 ? $"({string.Join(",", data)})" : "");
                        if (args.Length > 0 && !args.Any(name.Contains)) continue;
                        if (fact.Skip != null) { skipped++; Console.WriteLine($"skip {name}: {fact.Skip}"); continue; }
                        var clock = Stopwatch.StartNew(); object? self = null;
                        try
                        {
                            try
                            {
                                foreach (var i in type.GetInterfaces().Where(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IClassFixture<>)))
                                    fixtures.TryAdd(i.GenericTypeArguments[0], Activator.CreateInstance(i.GenericTypeArguments[0])!);
                                if (!m.IsStatic) self = Activator.CreateInstance(type, type.GetConstructors()[0].GetParameters().Select(p => fixtures[p.ParameterType]).ToArray());
                                var given = m.GetParameters().Select((p, i) => i < data.Length ? data[i] is { } v && v is IConvertible && !p.ParameterType.IsInstanceOfType(v) ? Convert.ChangeType(v, Nullable.GetUnderlyingType(p.ParameterType) ?? p.ParameterType) : data[i] : p.DefaultValue).ToArray();
                                var result = m.Invoke(self, given);
                                var task = result is ValueTask vt ? vt.AsTask() : result as Task ?? Task.CompletedTask;
                                await task.WaitAsync(TimeSpan.FromMilliseconds(fact.Timeout > 0 ? fact.Timeout : 120_000));
                            }
                            finally { if (self is IAsyncDisposable a) await a.DisposeAsync(); else (self as IDisposable)?.Dispose(); }
                            passed++; Console.WriteLine($"ok {name}");
                        }
                        catch (Exception e)
                        {
                            failed++; var why = e is TargetInvocationException { InnerException: { } inner } ? inner : e;
                            Console.WriteLine($"FAIL {name}: {why.Message.ReplaceLineEndings(" ")} ({clock.ElapsedMilliseconds} ms)\n  {why.ToString().ReplaceLineEndings("\n  ")}");
                        }
                    }
                }
                foreach (var f in fixtures.Values) if (f is IAsyncDisposable a) await a.DisposeAsync(); else (f as IDisposable)?.Dispose();
            }
            Console.WriteLine($"{passed} passed, {failed} failed, {skipped} skipped");
            return failed > 0 || passed == 0 ? 1 : 0;
        }
    }
}
