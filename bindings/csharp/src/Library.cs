using System;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

[assembly: InternalsVisibleTo("Kaffi.Tests")]

namespace Kaffi;

/// <summary>The native library: where it is found, which version it is.</summary>
public static unsafe class Library
{
    internal const int ErrorRoom = 1024;

    /// <summary>The version of librdkafka, the engine, such as <c>2.12.1</c>.</summary>
    public static string VersionString
    {
        get
        {
            var text = stackalloc byte[128];
            Native.Version(text, 128);
            return Marshal.PtrToStringUTF8((nint)text)!;
        }
    }

    /// <summary>The version of librdkafka as a number, <c>0xMMmmrrpp</c> (major, minor, revision, 0xff for a release).</summary>
    public static int Version => Native.Version(null, 0);

    /// <summary>The description of the whole library as JSON: functions, codes, properties, columns.</summary>
    public static string Describe() => Read((json, room, _, _) => Native.DescribeAll(json, room));

    /// <summary>KAFFI_LIBRARY goes first; without it .NET looks beside the assembly, then in the system's search path.</summary>
#pragma warning disable CA2255 // the resolver must be there before the first call into the library, whichever it is
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void SetResolver() => NativeLibrary.SetDllImportResolver(typeof(Library).Assembly, Resolve);

    static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == "kaffi" && Environment.GetEnvironmentVariable("KAFFI_LIBRARY") is { Length: > 0 } file ? NativeLibrary.Load(file) : 0;

    /// <summary>A text as the library takes it: UTF-8 with a NUL behind. A NUL inside would cut it, and is refused.</summary>
    internal static byte[] Text(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text, name);
        if (text.Contains('\0')) throw new ArgumentException("a NUL character is not possible here", name);
        var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }

    /// <summary>A timeout in ms: negative (such as <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>) is as long as it takes.</summary>
    internal static int Milliseconds(TimeSpan timeout) =>
        timeout < TimeSpan.Zero ? -1 : (int)Math.Min(Math.Ceiling(timeout.TotalMilliseconds), int.MaxValue);

    /// <summary>Throws unless the code is 0; <paramref name="text"/> and <paramref name="length"/> are what the call wrote.</summary>
    internal static void Check(int code, byte* text = null, int length = 0)
    {
        if (code != 0) throw new KafkaException(Error.Of(code, text, length));
    }

    /// <summary>A call that may say why it failed.</summary>
    internal delegate int Failing(byte* text, int* length);

    /// <summary>A call that gives a text, and may say why it failed.</summary>
    internal delegate int Giving(byte* given, int* room, byte* text, int* length);

    /// <summary>Calls, and throws unless the code is 0.</summary>
    internal static void Call(Failing call)
    {
        var text = stackalloc byte[ErrorRoom];
        int length = ErrorRoom;
        int code = call(text, &length);
        Check(code, text, length);
    }

    /// <summary>Calls for a text, again where the room was too small; throws unless the code is 0.</summary>
    internal static string Read(Giving call)
    {
        var error = stackalloc byte[ErrorRoom];
        for (int room = 256; ;)
        {
            var given = new byte[room];
            int length = ErrorRoom, code;
            fixed (byte* g = given) code = call(g, &room, error, &length);
            if (code == 0) return Encoding.UTF8.GetString(given, 0, room);
            if (code != Codes.TooSmall) Check(code, error, length);
        }
    }
}
