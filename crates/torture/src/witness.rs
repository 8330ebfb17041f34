//! A backend that hands everything on, and writes down which commands came to nothing: what a busy machine did to the cache is
//! told from what it did by itself. Changes nothing.

use std::sync::Arc;

use hermes::backend::{Answer, Backend, BackendError, Buckets, Command, Listed, Namespace, Reply};

use crate::{clock::At, history::What, log::Log};

#[derive(Debug)]
pub(crate) struct Witness<B> {
    of: B,
    log: Arc<Log>,
}

type Answered = Result<Reply, BackendError>;

impl<B: Backend> Witness<B> {
    pub(crate) fn new(of: B, log: Arc<Log>) -> Self {
        Self { of, log }
    }

    fn see(&self, from: At, answer: &Answered) {
        if let Err(why) = answer {
            self.log.until_now(0, from, What::Unanswered { error: why.to_string() });
        }
    }
}

impl<B: Backend> Backend for Witness<B> {
    fn buckets(&self) -> Buckets {
        self.of.buckets()
    }

    fn execute(&self, command: &Command) -> Answered {
        let from = At::now();
        let answer = self.of.execute(command);
        self.see(from, &answer);
        answer
    }

    fn execute_all(&self, commands: &[Command]) -> Vec<Answered> {
        let from = At::now();
        let answers = self.of.execute_all(commands);
        answers.iter().filter(|answer| answer.is_err()).take(1).for_each(|answer| self.see(from, answer));
        answers
    }

    fn execute_async<'a>(&'a self, command: &'a Command) -> Answer<'a, Answered> {
        let from = At::now();
        Box::pin(async move {
            let answer = self.of.execute_async(command).await;
            self.see(from, &answer);
            answer
        })
    }

    fn execute_all_async<'a>(&'a self, commands: &'a [Command]) -> Answer<'a, Vec<Answered>> {
        let from = At::now();
        Box::pin(async move {
            let answers = self.of.execute_all_async(commands).await;
            answers.iter().filter(|answer| answer.is_err()).take(1).for_each(|answer| self.see(from, answer));
            answers
        })
    }

    fn list(&self, namespace: &Namespace) -> Result<Vec<Listed>, BackendError> {
        self.of.list(namespace)
    }

    fn list_async<'a>(&'a self, namespace: &'a Namespace) -> Answer<'a, Result<Vec<Listed>, BackendError>> {
        self.of.list_async(namespace)
    }
}
