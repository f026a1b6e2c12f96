//! Where settings come from, and which goes before which.

use super::*;

struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            std::fs::write(path, text).expect("written");
        }
        Project(folder)
    }

    fn flags(&self) -> Flags {
        Flags {
            project: Some(self.0.path().to_owned()),
            ..Flags::default()
        }
    }

    fn read(&self, environment: &[(&str, &str)]) -> Result<Settings> {
        self.read_with(self.flags(), environment)
    }

    fn read_with(&self, flags: Flags, environment: &[(&str, &str)]) -> Result<Settings> {
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Settings::read(&flags, environment)
    }
}

fn shown(settings: &Settings) -> String {
    settings.target().expect("a target").0.shown().to_owned()
}

#[test]
fn flag_then_environment_then_dotenv_then_config() {
    let project = Project::new(&[
        (".env", "DATABASE_URL=sqlite://dotenv.db\n"),
        ("dbscript.toml", "database_url = 'sqlite://config.db'\n"),
    ]);
    let environment = [("DATABASE_URL", "sqlite://environment.db")];
    let mut flags = project.flags();
    flags.database_url = Some("sqlite://flag.db".to_owned());
    let settings = project.read_with(flags, &environment).expect("read");
    assert!(shown(&settings).ends_with("flag.db"));
    let settings = project.read(&environment).expect("read");
    assert!(shown(&settings).ends_with("environment.db"));
    let settings = project.read(&[]).expect("read");
    assert!(shown(&settings).ends_with("dotenv.db"));
    std::fs::remove_file(project.0.path().join(".env")).expect("removed");
    let settings = project.read(&[]).expect("read");
    assert!(shown(&settings).ends_with("config.db"));
}

#[test]
fn the_projects_own_dotenv_goes_before_prismas() {
    let both = Project::new(&[
        (".env", "OTHER=1\n"),
        ("prisma/.env", "DATABASE_URL=sqlite://prisma.db\nOTHER=2\n"),
    ]);
    let settings = both.read(&[]).expect("read");
    assert!(shown(&settings).ends_with("prisma.db"));
    assert_eq!(settings.environment["OTHER"], "1");
}

#[test]
fn unset_is_the_default_and_empty_never_is() {
    let settings = Project::new(&[]).read(&[]).expect("read");
    let (target, is_default) = settings.target().expect("the default");
    assert!(is_default);
    assert_eq!(target.shown(), DEFAULT_URL);

    for empty in ["", "  ", "\"\"", "' '"] {
        let settings = Project::new(&[(".env", "DATABASE_URL=sqlite://x.db")])
            .read(&[("DATABASE_URL", empty)])
            .expect("read");
        let error = settings.target().expect_err("refused");
        assert_eq!(error.kind, Kind::Usage);
        assert_eq!(error.message, "`DATABASE_URL` is set but empty");
    }
    let settings = Project::new(&[(".env", "A=1\nDATABASE_URL=\n")])
        .read(&[])
        .expect("read");
    let position = settings.target().expect_err("refused").position;
    assert_eq!(
        position.map(|place| (place.file, place.line)),
        Some((".env".to_owned(), 2))
    );
    let settings = Project::new(&[("dbscript.toml", "database_url = ''")])
        .read(&[])
        .expect("read");
    assert!(settings.target().is_err());
}

#[test]
fn a_reference_to_nothing_in_the_url_is_refused() {
    let project = Project::new(&[(".env", "DATABASE_URL=sqlite://${NAME}.db")]);
    let error = project
        .read(&[])
        .expect("read")
        .target()
        .expect_err("refused");
    assert!(error.message.contains("`NAME`"), "{}", error.message);
    let settings = project.read(&[("NAME", "x")]).expect("read");
    assert!(shown(&settings).ends_with("x.db"));
}

#[test]
fn rights_are_granted_and_revoked() {
    let text = "[rights]\ngrant = ['shell']\nrevoke = ['files', 'db:write']";
    let settings = Project::new(&[("dbscript.toml", text)])
        .read(&[])
        .expect("read");
    let rights: Vec<_> = settings.rights.iter().map(String::as_str).collect();
    assert_eq!(rights, ["backups", "scratch", "shell"]);
}

#[test]
fn a_project_that_is_no_folder_is_refused() {
    let project = Project::new(&[("file", "")]);
    for name in ["file", "missing"] {
        let flags = Flags {
            project: Some(project.0.path().join(name)),
            ..Flags::default()
        };
        let error = project.read_with(flags, &[]).expect_err("refused");
        assert_eq!(error.kind, Kind::Usage);
    }
}
