//! Builds the Python package and installs it, with the tools that look it over, in virtual environments under the target folder.
//! Leaves to `test` what becomes of a failure, to `bench` the figures, to the tests their servers, to `install` what must be on the machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    cargo::{root, run},
    metadata::Metadata,
};

/// What measures it, seen from its folder.
const BENCH: &str = "../bench/python";

/// The package, ready to be looked over.
#[derive(Debug)]
pub(crate) struct Package {
    tools: Venv,
    /// Has HermesCache, whose import name is the same, to compare with.
    ancestor: Venv,
}

impl Package {
    /// Builds it as users do, but in a profile that is fast to compile.
    pub(crate) fn installed(metadata: &Metadata) -> Result<Self, String> {
        let folder = metadata.target_folder().join("python");
        let tools = tools(&folder)?;
        let ancestor = ancestor(&folder)?;
        tools.install(&wheel(&folder, &tools, "dev")?)?;
        Ok(Self { tools, ancestor })
    }

    /// What to run to have it linted, and its bench.
    pub(crate) fn lints(&self) -> [Command; 4] {
        let everything = ["--config", "pyproject.toml", ".", BENCH];
        let lint = |program: &str, arguments: &[&str]| {
            let mut lint = self.tools.program(program);
            lint.args(arguments);
            lint
        };
        // The peers are not in this environment.
        let mut bench = lint("mypy", &["--ignore-missing-imports", BENCH]);
        bench.env("MYPYPATH", ["tests", BENCH].join(":"));
        [
            lint("ruff", &[&["check"][..], &everything].concat()),
            lint("ruff", &[&["format", "--check"][..], &everything].concat()),
            lint("mypy", &["--package", "hermes"]),
            bench,
        ]
    }

    /// What to run to have it tested.
    pub(crate) fn tests(&self) -> Command {
        let mut tests = self.tools.program("pytest");
        tests.env("HERMES_ANCESTOR", self.ancestor.path("python"));
        tests
    }
}

/// What to run to have the package measured beside its peers, as users build it.
pub(crate) fn side_by_side(metadata: &Metadata) -> Result<Command, String> {
    let folder = metadata.target_folder().join("python");
    let peers = Venv::with(folder.join("peers"), &format!("{BENCH}/requirements.txt"))?;
    let elder = Venv::with(folder.join("elder"), &format!("{BENCH}/requirements-elder.txt"))?;
    let ancestor = ancestor(&folder)?;
    peers.install(&wheel(&folder, &tools(&folder)?, "release")?)?;
    let mut bench = peers.program("python");
    // For the servers.
    bench.env("PYTHONPATH", "tests").arg(format!("{BENCH}/side_by_side.py"));
    bench.arg(ancestor.path("python")).arg(elder.path("python"));
    Ok(bench)
}

fn tools(folder: &Path) -> Result<Venv, String> {
    Venv::with(folder.join("tools"), "tests/requirements.txt")
}

fn ancestor(folder: &Path) -> Result<Venv, String> {
    Venv::with(folder.join("ancestor"), "tests/requirements-ancestor.txt")
}

/// Builds the package, and returns the file to install.
fn wheel(folder: &Path, tools: &Venv, profile: &str) -> Result<PathBuf, String> {
    let wheels = folder.join("wheels");
    // There may be one of an earlier version.
    drop(fs::remove_dir_all(&wheels));
    let build = ["build", "--locked", "--profile", profile, "--out"];
    let mut maturin = tools.program("maturin");
    run(maturin.args(build).arg(&wheels).arg("--interpreter").arg(tools.path("python")))?;
    only_file_in(&wheels)
}

/// A virtual environment.
#[derive(Debug)]
struct Venv(PathBuf);

impl Venv {
    /// One with the packages that a file lists, made anew where the file has changed.
    fn with(folder: PathBuf, requirements: &str) -> Result<Self, String> {
        let venv = Self(folder);
        let wanted = python_folder().join(requirements);
        let wanted =
            fs::read_to_string(&wanted).map_err(|why| format!("reading {}: {why}", wanted.display()))?;
        let installed = venv.0.join("requirements.txt");
        if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
            return Ok(venv);
        }
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv.0))?;
        run(venv.program("pip").args(["install", "--quiet", "--requirement", requirements]))?;
        fs::write(&installed, wanted).map_err(|why| format!("writing {}: {why}", installed.display()))?;
        Ok(venv)
    }

    /// Installs a wheel, in the place of one of the same version.
    fn install(&self, wheel: &Path) -> Result<(), String> {
        let install = ["install", "--quiet", "--force-reinstall", "--no-deps"];
        run(self.program("pip").args(install).arg(wheel))
    }

    /// A program of its own, to be run in the package's folder.
    fn program(&self, name: &str) -> Command {
        let mut program = Command::new(self.path(name));
        program.current_dir(python_folder());
        program
    }

    fn path(&self, program: &str) -> PathBuf {
        self.0.join("bin").join(program)
    }
}

fn python_folder() -> PathBuf {
    root().join("python")
}

fn only_file_in(folder: &Path) -> Result<PathBuf, String> {
    let reading = |why| format!("reading {}: {why}", folder.display());
    let mut files = fs::read_dir(folder).map_err(reading)?;
    let file = files.next().ok_or_else(|| format!("{} is empty", folder.display()))?;
    Ok(file.map_err(reading)?.path())
}
