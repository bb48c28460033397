//! A person at a terminal: sees what the program shows, and types.

use serde_json::json;

use super::output::Output;
use super::world::World;

const SCRIPT: &str = include_str!("terminal.py");

/// What the person does next; each waits for what it names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act<'a> {
    /// Waits until the terminal shows this, behind what was seen before.
    Sees(&'a str),
    /// Waits until the terminal does not echo what is typed.
    Hidden,
    /// Waits until it does.
    Echoed,
    /// Types these keys; `\r` is Enter, `\u{3}` Ctrl-C, `\u{4}` Ctrl-D.
    Types(&'a str),
    /// Looks whether the program has switched core dumps off.
    Undumpable,
}

/// Runs the program of a world at a terminal; on stdout is what the terminal showed.
pub(crate) fn at_a_terminal(world: &World, arguments: &[&str], acts: &[Act<'_>]) -> Output {
    let acts: Vec<_> = acts
        .iter()
        .map(|act| match act {
            Act::Sees(text) => json!(["sees", text]),
            Act::Hidden => json!(["hidden", ""]),
            Act::Echoed => json!(["echoed", ""]),
            Act::Types(keys) => json!(["types", keys]),
            Act::Undumpable => json!(["undumpable", ""]),
        })
        .collect();
    // a file, because what is typed may be a secret, and arguments are for everybody to see
    let acts = world.write("acts.json", serde_json::to_vec(&acts).unwrap());
    let script = world.write("terminal.py", SCRIPT);
    let paths = [script.to_str().unwrap(), acts.to_str().unwrap(), world.binary().to_str().unwrap()];
    world.other_command("python3", &paths).args(arguments).env("TERM", "dumb").run()
}
