//! `fs`: files of the project, and those the command line handed over.

use std::io::Write;
use std::path::Path;

use rhai::Dynamic;

use super::{Accepts, Answer, Call, Form, Function, Namespace, no_types, optional, required};
use crate::error::{Error, Kind};
use crate::script::limits::STRING_BYTES;

/// The table.
pub const NAMESPACE: Namespace = Namespace {
    name: "fs",
    doc: "Files of the project folder, and those named on the command line.",
    functions: &[
        Function {
            name: "read",
            form: Form::Function,
            arguments: &[required(
                "path",
                Accepts::Text,
                "the file, relative to the project",
            )],
            right: None,
            doc: "Reads a text file of at most 16 MiB.",
            result: "its text",
            errors: "`io` if it cannot be read or is no UTF-8, `refused` if it is out of reach",
            body: read,
        },
        Function {
            name: "write",
            form: Form::Function,
            arguments: &[
                required(
                    "path",
                    Accepts::Text,
                    "the file, relative to the project; its folders are made",
                ),
                required("content", Accepts::Any, "a string or a blob"),
            ],
            right: Some("files"),
            doc: "Writes a file as a whole: it is there complete, or as it was before.",
            result: "()",
            errors: "`io` if it cannot be written, `refused` for what scripts do not write",
            body: write,
        },
        Function {
            name: "list",
            form: Form::Function,
            arguments: &[optional(
                "path",
                Accepts::Text,
                "the folder, relative to the project; else the project",
            )],
            right: None,
            doc: "Lists a folder.",
            result: "the names in order, those of folders ending in `/`, without hidden ones",
            errors: "`io` if it cannot be read, `refused` if it is out of reach",
            body: list,
        },
        Function {
            name: "exists",
            form: Form::Function,
            arguments: &[required(
                "path",
                Accepts::Text,
                "a file or folder, relative to the project",
            )],
            right: None,
            doc: "Looks whether a file or folder is there.",
            result: "a bool",
            errors: "`refused` if it is out of reach",
            body: exists,
        },
    ],
    types: no_types,
};

fn failed(verb: &str, path: &str, source: &std::io::Error) -> Error {
    Error::new(Kind::Io, format!("cannot {verb} `{path}`: {source}"))
}

fn read(call: &Call<'_>) -> Answer {
    let path = call.text(0);
    let real = call.host.files().readable(&path)?;
    let size = real
        .metadata()
        .map_err(|source| failed("read", &path, &source))?;
    if !size.is_file() {
        return Err(Error::new(Kind::Io, format!("`{path}` is not a file")).into());
    }
    if size.len() > STRING_BYTES as u64 {
        return Err(
            Error::new(Kind::Io, format!("`{path}` is larger than 16 MiB"))
                .hint("stream it: `csv::open(…)` reads files of any size")
                .into(),
        );
    }
    let bytes = std::fs::read(&real).map_err(|source| failed("read", &path, &source))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Error::new(Kind::Io, format!("`{path}` is not UTF-8 text")).hint("save it as UTF-8")
    })?;
    Ok(text.into())
}

fn write(call: &Call<'_>) -> Answer {
    let path = call.text(0);
    let content = call.dynamic(1);
    let bytes = if content.is_blob() {
        content.cast::<rhai::Blob>()
    } else if content.is_string() || content.is_char() {
        content.to_string().into_bytes()
    } else {
        return Err(Error::new(
            Kind::Script,
            "`content` of `fs::write` is a string or a blob",
        )
        .into());
    };
    let real = call.host.files().writable(&path)?;
    if call.host.effect("files", format!("write `{path}`"))? {
        publish(&real, &bytes).map_err(|source| failed("write", &path, &source))?;
    }
    Ok(().into())
}

/// Writes beside the file, then takes its place.
fn publish(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path
        .parent()
        .ok_or_else(|| std::io::Error::other("it has no folder"))?;
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".writing-")
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A temporary file is its owner's alone; a file of a project is for everyone the folder is for.
        file.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn list(call: &Call<'_>) -> Answer {
    let path = if call.has(0) {
        call.text(0)
    } else {
        ".".into()
    };
    let real = call.host.files().readable(&path)?;
    let entries = std::fs::read_dir(real).map_err(|source| failed("list", &path, &source))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| failed("list", &path, &source))?;
        // A name that is not text cannot be used by a script.
        let Ok(mut name) = entry.file_name().into_string() else {
            continue;
        };
        if name.starts_with('.') {
            continue;
        }
        if entry.path().is_dir() {
            name.push('/');
        }
        names.push(name);
    }
    names.sort();
    Ok(Dynamic::from_array(
        names.into_iter().map(Dynamic::from).collect(),
    ))
}

fn exists(call: &Call<'_>) -> Answer {
    match call.host.files().readable(&call.text(0)) {
        Ok(_) => Ok(true.into()),
        Err(error) if error.code.as_deref() == Some("not-found") => Ok(false.into()),
        Err(error) => Err(error.into()),
    }
}
