//! The parameter types of the ABI, and what each is in C, in `⎕NA`, in ctypes and in C#.

use syn::{GenericArgument, PathArguments};

/// Rust, C, `⎕NA`, ctypes, C#.
type Names = [&'static str; 5];

const SCALARS: [Names; 8] = [
    ["u8", "uint8_t", "U1", "c_uint8", "byte"],
    ["i32", "int32_t", "I4", "c_int32", "int"],
    ["u32", "uint32_t", "U4", "c_uint32", "uint"],
    ["i64", "int64_t", "I8", "c_int64", "long"],
    ["u64", "uint64_t", "U8", "c_uint64", "ulong"],
    ["f64", "double", "F8", "c_double", "double"],
    ["c_int", "int", "I4", "c_int", "int"],
    ["c_ulonglong", "unsigned long long", "U8", "c_ulonglong", "ulong"],
];

/// What a handle stands for: its type in Rust, its name outside.
const OBJECTS: [[&str; 2]; 4] =
    [["Client", "client"], ["TopicConf", "topic_conf"], ["Batch", "batch"], ["MockCluster", "mock_cluster"]];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Handle,
    HandleOut,
    Text,
    TextOut,
    Data,
    Bytes,
    In,
    Out,
    InOut,
    Column,
    ColumnOut,
    Arrow,
    Value,
}
use Kind::{Arrow, Bytes, Column, ColumnOut, Data, Handle, HandleOut, In, InOut, Out, Text, TextOut, Value};

/// The type of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    pub kind: Kind,
    /// Of numbers.
    scalar: Option<Names>,
    /// Of handles.
    object: Option<[&'static str; 2]>,
}

impl Type {
    /// The type that a signature names, or `None` for one that the ABI does not know.
    pub fn parse(ty: &syn::Type) -> Option<Type> {
        let syn::Type::Path(path) = ty else { return None };
        let last = path.path.segments.last()?;
        let of = match &last.arguments {
            PathArguments::None => None,
            PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
                GenericArgument::Type(syn::Type::Path(of)) => Some(of.path.get_ident()?.to_string()),
                _ => return None,
            },
            PathArguments::Parenthesized(_) => return None,
        };
        let name = last.ident.to_string();
        let scalar = |name: &str| SCALARS.into_iter().find(|names| names[0] == name);
        let object = |name: &str| OBJECTS.into_iter().find(|names| names[0] == name);
        let (kind, scalar, object) = match (name.as_str(), of.as_deref()) {
            ("Handle", Some(of)) => (Handle, None, Some(object(of)?)),
            ("HandleOut", Some(of)) => (HandleOut, None, Some(object(of)?)),
            ("Text", None) => (Text, None, None),
            ("TextOut", None) => (TextOut, None, None),
            ("Data", None) => (Data, None, None),
            ("Bytes", None) => (Bytes, None, None),
            ("Arrow", None) => (Arrow, None, None),
            ("In", Some(of)) => (In, Some(scalar(of)?), None),
            ("Out", Some(of)) => (Out, Some(scalar(of)?), None),
            ("InOut", Some(of)) => (InOut, Some(scalar(of)?), None),
            ("Column", Some(of)) => (Column, Some(scalar(of)?), None),
            ("ColumnOut", Some(of)) => (ColumnOut, Some(scalar(of)?), None),
            (name, None) => (Value, Some(scalar(name)?), None),
            _ => return None,
        };
        Some(Type { kind, scalar, object })
    }

    /// The name of a scalar type in language `at` of `Names`; empty where there is none.
    fn scalar(&self, at: usize) -> &'static str {
        self.scalar.map_or("", |names| names[at])
    }

    pub fn c(&self) -> String {
        let scalar = self.scalar(1);
        match self.kind {
            Handle | Arrow => "void*".into(),
            HandleOut => "void**".into(),
            Text | Data => "const char*".into(),
            TextOut => "char*".into(),
            Bytes => "const uint8_t*".into(),
            In | Column => format!("const {scalar}*"),
            Out | InOut | ColumnOut => format!("{scalar}*"),
            Value => scalar.into(),
        }
    }

    pub fn apl(&self) -> String {
        let scalar = self.scalar(2);
        match self.kind {
            Handle | Arrow => "P".into(),
            HandleOut => ">P".into(),
            Text | Data => "<0T1".into(),
            TextOut => ">0T1".into(),
            Bytes => "<U1[]".into(),
            In => format!("<{scalar}"),
            Out => format!(">{scalar}"),
            InOut => format!("={scalar}"),
            Column => format!("<{scalar}[]"),
            ColumnOut => format!(">{scalar}[]"),
            Value => scalar.into(),
        }
    }

    /// Arrays are `c_void_p`: they take bytes, ctypes arrays and addresses (as of `array` or numpy).
    pub fn python(&self) -> String {
        let scalar = self.scalar(3);
        match self.kind {
            Handle => "ctypes.c_uint64".into(),
            HandleOut => "ctypes.POINTER(ctypes.c_uint64)".into(),
            Text => "ctypes.c_char_p".into(),
            TextOut | Data | Bytes | Column | ColumnOut | Arrow => "ctypes.c_void_p".into(),
            In | Out | InOut => format!("ctypes.POINTER(ctypes.{scalar})"),
            Value => format!("ctypes.{scalar}"),
        }
    }

    pub fn rust(&self) -> String {
        let scalar = self.scalar(0);
        match self.kind {
            Handle => "u64".into(),
            HandleOut => "*mut u64".into(),
            Text | Data => "*const c_char".into(),
            TextOut => "*mut c_char".into(),
            Bytes => "*const u8".into(),
            Arrow => "*mut c_void".into(),
            In | Column => format!("*const {scalar}"),
            Out | InOut | ColumnOut => format!("*mut {scalar}"),
            Value => scalar.into(),
        }
    }

    pub fn csharp(&self) -> String {
        let scalar = self.scalar(4);
        match self.kind {
            Handle => "ulong".into(),
            Arrow => "void*".into(),
            HandleOut => "ulong*".into(),
            Text | TextOut | Data | Bytes => "byte*".into(),
            In | Out | InOut | Column | ColumnOut => format!("{scalar}*"),
            Value => scalar.into(),
        }
    }

    /// The name that cbindgen gives this type, where it is one of ours.
    pub fn cbindgen(&self) -> Option<String> {
        let of = self.object.map_or(self.scalar(0), |names| names[0]);
        match self.kind {
            Value => None,
            kind if of.is_empty() => Some(format!("{kind:?}")),
            kind => Some(format!("{kind:?}_{of}")),
        }
    }

    pub fn direction(&self) -> &'static str {
        match self.kind {
            Handle | Text | Data | Bytes | In | Column | Value => "in",
            HandleOut | TextOut | Out | ColumnOut => "out",
            InOut | Arrow => "inout",
        }
    }

    /// What the type holds, beside its direction.
    pub fn holds(&self) -> &'static str {
        match self.kind {
            Handle | HandleOut => "handle",
            Text | TextOut => "text",
            Data => "data",
            Bytes => "bytes",
            Arrow => "arrow",
            Column | ColumnOut => "column",
            In | Out | InOut | Value => "value",
        }
    }

    pub fn object(&self) -> Option<&'static str> {
        self.object.map(|names| names[1])
    }

    /// Whether a length beside it says how much of it there is.
    pub fn has_length(&self) -> bool {
        matches!(self.kind, TextOut | Data | Bytes | Column | ColumnOut)
    }

    pub fn can_be_length(&self) -> bool {
        matches!(self.kind, InOut | Value) && matches!(self.scalar(0), "i32" | "u32" | "c_int")
    }

    pub fn is_c_int(&self) -> bool {
        self.kind == Value && self.scalar(0) == "c_int"
    }
}
