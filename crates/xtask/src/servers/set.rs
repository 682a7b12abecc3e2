//! All the servers of a run.

use std::path::PathBuf;

use crate::failure::{Failure, Result};
use crate::host::{self, Stopwatch};
use crate::process::Supervisor;
use crate::servers::directory::RunDirectory;
use crate::servers::python::{self, VENV};
use crate::servers::recipe::Recipe;
use crate::servers::redis;
use crate::servers::server::Server;
use crate::workspace::Workspace;

/// They end when this is dropped.
#[derive(Debug)]
pub(crate) struct Servers {
    running: Vec<Server>,
    /// Not a server, but installed with them.
    python: Option<PathBuf>,
    directory: RunDirectory,
}

impl Servers {
    /// Installs what is missing, starts every server that the caller has not, and waits
    /// until they answer.
    pub(crate) fn start(workspace: &Workspace, supervisor: &Supervisor) -> Result<Self> {
        let home = workspace.target().join("test-servers");
        let directory = RunDirectory::create(&home)?;
        let (recipes, python) = recipes(workspace, supervisor, &directory)?;
        let clock = Stopwatch::start();
        let mut running = Vec::new();
        for recipe in recipes {
            running.push(Server::start(recipe, directory.path(), supervisor)?);
        }
        for server in &mut running {
            server.wait(supervisor)?;
        }
        if !running.is_empty() {
            let places: Vec<String> = running.iter().map(Server::place).collect();
            println!(
                "servers: {} ({:.1} s)",
                places.join(", "),
                clock.elapsed().as_secs_f64()
            );
        }
        Ok(Self {
            running,
            python,
            directory,
        })
    }

    /// What the tests are told.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        let python = self.python.iter();
        let python = python.map(|python| ("PT_TEST_PYTHON", python.display().to_string()));
        self.running
            .iter()
            .flat_map(Server::variables)
            .chain(python)
    }

    /// Fails if one has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.running
            .iter_mut()
            .try_for_each(|server| server.check("while the tests ran"))
    }

    /// Ends the servers of a run whose logs nobody will want to read.
    pub(crate) fn discard(self) {
        drop(self.running);
        self.directory.remove();
    }
}

fn recipes(
    workspace: &Workspace,
    supervisor: &Supervisor,
    directory: &RunDirectory,
) -> Result<(Vec<Recipe>, Option<PathBuf>)> {
    let aws = wanted("PT_TEST_AWS_URL");
    let moto = wanted("PT_TEST_MOTO_URL");
    let library = wanted("PT_TEST_PYTHON");
    let plain = wanted("PT_TEST_REDIS_URL");
    let tls = wanted("PT_TEST_REDIS_TLS_URL");
    if !tls && wanted("PT_TEST_REDIS_TLS_CA") {
        return Err(Failure::new(
            "PT_TEST_REDIS_TLS_URL is set, so PT_TEST_REDIS_TLS_CA must be set too, to the file \
             with the certificate that clients have to trust",
        ));
    }
    let mut recipes = Vec::new();
    let mut python = None;
    if aws || moto || library {
        let bin = VENV.install(workspace, |command| supervisor.run(command))?;
        if aws {
            recipes.push(python::ministack(&bin, directory.child("ministack")?));
        }
        if moto {
            recipes.push(python::moto(&bin, directory.child("moto")?));
        }
        python = library.then(|| bin.join("python"));
    }
    if plain || tls {
        redis::require(workspace)?;
        if plain {
            recipes.push(redis::plain(directory.child("redis")?));
        }
        if tls {
            recipes.push(redis::tls(directory.child("redis-tls")?)?);
        }
    }
    Ok((recipes, python))
}

/// A variable that is set names a server of the caller's, and reaches the tests as it is.
fn wanted(variable: &str) -> bool {
    host::variable(variable).is_none()
}
