//! Reads the ABI from its source: the modules of `src/abi` in their order, and the codes of `src/error.rs`.
//!
//! An export that is not as it should be is refused: every problem is named by function and parameter.

use std::fs;
use std::path::{Path, PathBuf};

use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, FnArg, Item, ItemFn, Lit, LitInt, LitStr, Meta, Pat, ReturnType, Stmt, Token};

use crate::types::Type;

pub struct Library {
    pub root: PathBuf,
    pub version: String,
    pub sections: Vec<Section>,
    pub codes: Vec<OwnCode>,
}

/// A module of `src/abi` that has exports.
pub struct Section {
    pub file: PathBuf,
    pub title: String,
    pub text: String,
    pub functions: Vec<Function>,
}

pub struct Function {
    pub name: String,
    pub result: Type,
    pub summary: String,
    pub text: String,
    documented_pattern: Option<String>,
    pub parameters: Vec<Parameter>,
    /// The codes as the doc comment groups them, with what they mean.
    pub codes: Vec<(String, String)>,
}

pub struct Parameter {
    pub name: String,
    pub ty: Type,
    pub meaning: String,
    /// The parameter that gives the length of this one.
    pub length: Option<String>,
}

/// A code that kaffi itself gives.
pub struct OwnCode {
    pub name: String,
    pub number: i32,
    pub text: String,
}

impl Library {
    pub fn read(root: &Path) -> Result<Library, String> {
        let abi = root.join("src/abi");
        let mut sections = Vec::new();
        let mut problems = Vec::new();
        for item in parse(&abi.join("mod.rs"))?.items {
            if let Item::Mod(module) = item {
                let file = abi.join(format!("{}.rs", module.ident));
                match section(&parse(&file)?, file) {
                    Ok(section) if section.functions.is_empty() => {}
                    Ok(section) => sections.push(section),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems.join("\n"));
        }
        let manifest = read(&root.join("Cargo.toml"))?;
        let version = manifest.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
        Ok(Library {
            root: root.to_path_buf(),
            version: version.ok_or("Cargo.toml has no version")?.to_string(),
            sections,
            codes: own_codes(&parse(&root.join("src/error.rs"))?)?,
        })
    }

    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.sections.iter().flat_map(|section| &section.functions)
    }
}

impl Function {
    pub fn prototype(&self) -> String {
        let parameters: Vec<_> = self.parameters.iter().map(|p| format!("{} {}", p.ty.c(), p.name)).collect();
        format!("{} {}({});", self.result.c(), self.name, parameters.join(", "))
    }

    /// The `⎕NA` pattern: the documented one, else what the types say.
    pub fn pattern(&self) -> String {
        self.documented_pattern.clone().unwrap_or_else(|| {
            let types = self.parameters.iter().map(|p| format!(" {}", p.ty.apl()));
            format!("{} %P|{}{}", self.result.apl(), self.name, types.collect::<String>())
        })
    }

    /// Whether `Describe` gives the pattern.
    pub fn has_documented_pattern(&self) -> bool {
        self.documented_pattern.is_some()
    }

    /// Whether the function is one of the documented ones: they answer an `int`, and so does `Describe` in its way.
    pub fn documented(&self) -> bool {
        self.result.is_c_int() || self.name == "Describe"
    }

    /// Whether the function can wait: its comment then has the word `Waits`.
    pub fn waits(&self) -> bool {
        let mut words = self.summary.split_whitespace().chain(self.text.split_whitespace());
        words.any(|word| word == "Waits")
    }

    /// Whether the parameter is the length of another one.
    pub fn is_length(&self, name: &str) -> bool {
        self.parameters.iter().any(|p| p.length.as_deref() == Some(name))
    }
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))
}

fn parse(file: &Path) -> Result<syn::File, String> {
    syn::parse_file(&read(file)?).map_err(|e| format!("{}: {e}", file.display()))
}

/// Reads the exports of a module.
fn section(source: &syn::File, file: PathBuf) -> Result<Section, String> {
    let mut functions = Vec::new();
    let mut problems = Vec::new();
    for item in &source.items {
        if let Item::Fn(function) = item
            && function.attrs.iter().any(is_no_mangle)
        {
            match export(function) {
                Ok(function) => functions.push(function),
                Err(problem) => problems.push(format!("{}: {}: {problem}", file.display(), function.sig.ident)),
            }
        }
    }
    let text = paragraphs(&doc_lines(&source.attrs));
    let title = text.split_once(": ").map(|(title, _)| title.to_string());
    if title.is_none() && !functions.is_empty() {
        problems.push(format!("{}: the module's comment does not begin with `Title: `", file.display()));
    }
    if problems.is_empty() {
        Ok(Section { file, title: title.unwrap_or_default(), text, functions })
    } else {
        Err(problems.join("\n"))
    }
}

fn is_no_mangle(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("unsafe") => list.tokens.to_string() == "no_mangle",
        meta => meta.path().is_ident("no_mangle"),
    }
}

fn export(function: &ItemFn) -> Result<Function, String> {
    let signature = &function.sig;
    let is_c = signature.abi.as_ref().and_then(|abi| abi.name.as_ref()).is_some_and(|name| name.value() == "C");
    if !is_c || !matches!(function.vis, syn::Visibility::Public(_)) {
        return Err("is not `pub extern \"C\"`".into());
    }
    if !is_boundary_call(function) {
        return Err("its body is not a single call of `boundary`".into());
    }
    let result = match &signature.output {
        ReturnType::Type(_, ty) => Type::parse(ty).filter(|ty| matches!(ty.c().as_str(), "int" | "int32_t")),
        ReturnType::Default => None,
    };
    let mut doc = Doc::parse(&doc_lines(&function.attrs))?;
    let mut parameters = Vec::new();
    let mut described = doc.parameters.drain(..);
    for input in &signature.inputs {
        let (name, ty) = match input {
            FnArg::Typed(input) => match &*input.pat {
                Pat::Ident(pat) => (pat.ident.to_string(), Type::parse(&input.ty)),
                _ => return Err("a parameter has no name".into()),
            },
            FnArg::Receiver(_) => return Err("takes `self`".into()),
        };
        let ty = ty.ok_or_else(|| format!("parameter {name}: its type is none of the ABI"))?;
        let meaning = match described.next() {
            Some((found, meaning)) if found == format!("`{name}`") && !meaning.is_empty() => meaning,
            Some((found, _)) => return Err(format!("parameter {name}: `# Parameters` has {found} in its place")),
            None => return Err(format!("parameter {name}: `# Parameters` does not describe it")),
        };
        parameters.push(Parameter { name, ty, meaning, length: None });
    }
    if let Some((name, _)) = described.next() {
        return Err(format!("parameter {name}: `# Parameters` describes what is not there"));
    }
    drop(described);
    find_lengths(&mut parameters)?;
    let name = signature.ident.to_string();
    if let Some(pattern) = &doc.pattern {
        let head = format!("I4 %P|{name}");
        let mut words = pattern.strip_prefix(&head).ok_or("its `⎕NA:` line is not its own")?.split(' ').skip(1);
        let fits = |p: &Parameter| words.next().is_some_and(|word| direction(word) == direction(&p.ty.apl()));
        if !parameters.iter().all(fits) || words.next().is_some() {
            return Err("its `⎕NA:` line does not fit its parameters".into());
        }
    }
    Ok(Function {
        name,
        result: result.ok_or("does not return c_int or i32")?,
        summary: doc.summary,
        text: doc.text,
        documented_pattern: doc.pattern,
        parameters,
        codes: doc.codes,
    })
}

fn is_boundary_call(function: &ItemFn) -> bool {
    let [Stmt::Expr(Expr::Call(call), None)] = &function.block.stmts[..] else {
        return false;
    };
    matches!(&*call.func, Expr::Path(path) if path.path.is_ident("boundary"))
}

/// The length of a buffer is the next parameter that is no buffer itself.
fn find_lengths(parameters: &mut [Parameter]) -> Result<(), String> {
    for at in 0..parameters.len() {
        if parameters[at].ty.has_length() {
            let next = parameters[at..].iter().find(|p| !p.ty.has_length()).filter(|p| p.ty.can_be_length());
            let name = next.map(|p| p.name.clone());
            parameters[at].length =
                Some(name.ok_or_else(|| format!("parameter {}: no length comes after it", parameters[at].name))?);
        }
    }
    Ok(())
}

fn direction(pattern: &str) -> Option<char> {
    pattern.chars().next().filter(|first| "<>=".contains(*first))
}

fn doc_lines(attributes: &[Attribute]) -> Vec<String> {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(value) => match &value.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_string()).collect()
}

/// Puts each paragraph and each item of a list on one line; an empty line stands between blocks.
fn paragraphs(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines.iter().map(|line| line.trim()) {
        if line.is_empty() {
            text.push_str("\n\n");
        } else if text.is_empty() || text.ends_with('\n') {
            text.push_str(line);
        } else {
            text.push(if line.starts_with("- ") { '\n' } else { ' ' });
            text.push_str(line);
        }
    }
    text.trim().to_string()
}

/// A doc comment of an export.
struct Doc {
    summary: String,
    text: String,
    pattern: Option<String>,
    parameters: Vec<(String, String)>,
    codes: Vec<(String, String)>,
}

impl Doc {
    fn parse(lines: &[String]) -> Result<Doc, String> {
        let (mut intro, mut parameters, mut codes) = (Vec::new(), Vec::new(), Vec::new());
        let mut pattern = None;
        let mut part = &mut intro;
        for line in lines {
            match line.as_str() {
                "# Parameters" => part = &mut parameters,
                "# Codes" => part = &mut codes,
                line if line.starts_with("# ") => return Err(format!("its comment has an unknown heading `{line}`")),
                line => match line.strip_prefix("⎕NA: `") {
                    Some(rest) => {
                        pattern = Some(rest.strip_suffix('`').ok_or("its `⎕NA:` line has no end")?.to_string())
                    }
                    None => part.push(line.to_string()),
                },
            }
        }
        let intro = paragraphs(&intro);
        let (summary, text) = intro.split_once("\n\n").unwrap_or((&intro, ""));
        if summary.is_empty() {
            return Err("its comment has no summary".into());
        }
        let codes = items(&codes)?;
        if codes.is_empty() {
            return Err("its comment has no `# Codes`".into());
        }
        let (summary, text) = (summary.to_string(), text.trim().to_string());
        Ok(Doc { summary, text, pattern, parameters: items(&parameters)?, codes })
    }
}

/// The items `- name: meaning` of a list.
fn items(lines: &[String]) -> Result<Vec<(String, String)>, String> {
    let text = paragraphs(lines);
    let items = text.lines().filter(|line| !line.is_empty()).map(|line| {
        let item = line.strip_prefix("- ").and_then(|item| item.split_once(": "));
        let (name, meaning) = item.ok_or_else(|| format!("`{line}` is not `- name: meaning`"))?;
        Ok((name.to_string(), meaning.to_string()))
    });
    items.collect()
}

/// Reads the table `own_codes! { NAME = number, Class, "text"; ... }`.
fn own_codes(source: &syn::File) -> Result<Vec<OwnCode>, String> {
    let table = source.items.iter().find_map(|item| match item {
        Item::Macro(item) if item.mac.path.is_ident("own_codes") => Some(&item.mac),
        _ => None,
    });
    let table = table.ok_or("src/error.rs has no table own_codes!")?;
    let codes = table.parse_body_with(|input: ParseStream| {
        Ok(input.parse_terminated(OwnCode::parse, Token![;])?.into_iter().collect())
    });
    codes.map_err(|e| format!("src/error.rs: own_codes!: {e}"))
}

impl Parse for OwnCode {
    fn parse(input: ParseStream) -> syn::Result<OwnCode> {
        let name = input.parse::<syn::Ident>()?.to_string();
        input.parse::<Token![=]>()?;
        let sign = if input.parse::<Option<Token![-]>>()?.is_some() { -1 } else { 1 };
        let number = sign * input.parse::<LitInt>()?.base10_parse::<i32>()?;
        input.parse::<Token![,]>()?;
        input.parse::<syn::Ident>()?;
        input.parse::<Token![,]>()?;
        Ok(OwnCode { name, number, text: input.parse::<LitStr>()?.value() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"//! Batches: many records.

/// Takes a text.
///
/// Waits for nothing.
///
/// # Parameters
/// - `name`: the text
/// - `bytes`: the bytes,
///   any
/// - `len`: how many
///
/// # Codes
/// - 0: done
/// - -1102, -1103: the text is not right
#[unsafe(no_mangle)]
pub extern "C" fn Take(name: Text, bytes: Bytes, len: i32) -> i32 {
    boundary(ErrorText::NONE, || Ok(0))
}
"#;

    fn read(source: &str) -> Result<Section, String> {
        section(&syn::parse_str(source).unwrap(), "batch.rs".into())
    }

    #[test]
    fn an_export_is_read() {
        let section = read(GOOD).unwrap_or_else(|problem| panic!("{problem}"));
        let function = &section.functions[0];
        assert_eq!((section.title.as_str(), function.summary.as_str()), ("Batches", "Takes a text."));
        assert_eq!(function.prototype(), "int32_t Take(const char* name, const uint8_t* bytes, int32_t len);");
        assert_eq!(function.pattern(), "I4 %P|Take <0T1 <U1[] I4");
        assert_eq!(function.parameters[1].meaning, "the bytes, any");
        assert_eq!(function.parameters[1].length.as_deref(), Some("len"));
        assert!(function.waits() && !function.documented());
    }

    #[test]
    fn what_is_not_an_export_is_left_alone() {
        assert!(read("//! Plain.\nfn helper() {}").is_ok_and(|section| section.functions.is_empty()));
    }

    #[test]
    fn a_bad_export_is_refused_by_name() {
        let bad = [
            ("/// Takes a text.\n///\n/// Waits for nothing.\n", "", "no summary"),
            ("/// - `name`: the text\n", "", "parameter name: `# Parameters` has `bytes` in its place"),
            ("/// - `name`: the text\n", "/// - `len`: how many\n", "parameter name: `# Parameters` has `len`"),
            ("/// - `len`: how many\n", "", "parameter len: `# Parameters` does not describe it"),
            (
                "/// - `len`: how many\n",
                "/// - `len`: how many\n/// - `x`: y\n",
                "parameter `x`: `# Parameters` describes",
            ),
            ("/// - `name`: the text\n", "/// - name\n", "`- name` is not `- name: meaning`"),
            ("/// # Parameters\n", "/// # Arguments\n", "unknown heading `# Arguments`"),
            ("/// - 0: done\n/// - -1102, -1103: the text is not right\n", "", "no `# Codes`"),
            ("name: Text", "name: *const c_char", "parameter name: its type is none of the ABI"),
            ("name: Text", "name: Out<String>", "parameter name: its type is none of the ABI"),
            ("len: i32", "len: i64", "parameter bytes: no length comes after it"),
            ("-> i32", "-> u64", "does not return c_int or i32"),
            ("pub extern \"C\"", "pub", "is not `pub extern \"C\"`"),
            ("boundary(ErrorText::NONE, || Ok(0))", "0", "not a single call of `boundary`"),
            ("    boundary(", "    prepare();\n    boundary(", "not a single call of `boundary`"),
            ("/// # Codes", "/// ⎕NA: `I4 %P|Other <0T1 <U1[] I4`\n/// # Codes", "`⎕NA:` line is not its own"),
            ("/// # Codes", "/// ⎕NA: `I4 %P|Take <0T1 >U1[] I4`\n/// # Codes", "does not fit its parameters"),
            ("/// # Codes", "/// ⎕NA: `I4 %P|Take <0T1 <U1[]`\n/// # Codes", "does not fit its parameters"),
            ("//! Batches: many", "//! Many", "does not begin with `Title: `"),
        ];
        for (from, to, problem) in bad {
            assert!(GOOD.contains(from), "{from}");
            let found = read(&GOOD.replacen(from, to, 1)).err().unwrap_or_else(|| panic!("accepted: {from} -> {to}"));
            assert!(found.contains(problem), "{found}");
            assert!(found.contains("Take") || problem.contains("Title"), "{found}");
        }
    }

    #[test]
    fn own_codes_are_read() {
        let source =
            syn::parse_str("own_codes! { DONE = 0, State, \"done\"; CLOSED = -1107, State, \"closed\"; }").unwrap();
        let codes = own_codes(&source).unwrap();
        let codes: Vec<_> = codes.iter().map(|code| (code.name.as_str(), code.number, code.text.as_str())).collect();
        assert_eq!(codes, [("DONE", 0, "done"), ("CLOSED", -1107, "closed")]);
    }
}
