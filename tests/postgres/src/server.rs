//! A PostgreSQL server that lives as long as the test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use postgres::{Client, Config, NoTls};

pub(crate) struct Server {
    directory: PathBuf,
    process: Child,
}

/// The directory with `initdb` and `postgres`, if there is one: on the path, or where packages put it.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    places.extend(versions.map(|it| it.path().join("bin")));
    places.into_iter().filter_map(|it| fs::canonicalize(it.join("initdb")).ok()).find_map(|it| {
        let directory = it.parent()?.to_path_buf();
        directory.join("postgres").exists().then_some(directory)
    })
}

/// A command, as a user without privileges where this process has all: the server refuses to run as root.
fn command(program: &Path, as_user: Option<&str>) -> Command {
    match as_user {
        None => Command::new(program),
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", user, "--regid", user, "--clear-groups"]).arg(program);
            command
        }
    }
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() {
        return Ok(text);
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

impl Server {
    /// Starts a server.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn start() -> Result<Server, String> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let programs = programs().ok_or("initdb is not found")?;
        let root = output(Command::new("id").arg("-u"))? == "0";
        let exists = |user: &&str| output(Command::new("id").args(["-u", user])).is_ok();
        let user =
            if root { Some(["postgres", "nobody"].into_iter().find(exists).ok_or("no user but root")?) } else { None };
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("diptych-postgres-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        if let Some(user) = user {
            output(Command::new("chown").arg(user).arg(&directory))?;
        }
        let data = directory.join("data");
        let mut initdb = command(&programs.join("initdb"), user);
        initdb.args(["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"]);
        output(initdb.arg(&data).current_dir(&directory))?;
        let mut server = command(&programs.join("postgres"), user);
        server.arg("-D").arg(&data).arg("-k").arg(&directory).current_dir(&directory);
        for setting in ["listen_addresses=", "fsync=off", "full_page_writes=off", "synchronous_commit=off"] {
            server.args(["-c", setting]);
        }
        let process = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
        let server = Server { directory, process };
        let began = Instant::now();
        while server.connect().is_err() {
            if began.elapsed() > Duration::from_secs(60) {
                return Err("the server does not answer".to_owned());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    pub(crate) fn connect(&self) -> Result<Client, postgres::Error> {
        Config::new().host_path(&self.directory).user("postgres").dbname("postgres").connect(NoTls)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT disconnects everybody and ends the server; SIGKILL would leave its children and shared memory.
        let id = self.process.id().to_string();
        let asked = Command::new("kill").args(["-INT", &id]).status().is_ok_and(|it| it.success());
        if !asked {
            drop(self.process.kill());
        }
        drop(self.process.wait());
        drop(fs::remove_dir_all(&self.directory));
    }
}
