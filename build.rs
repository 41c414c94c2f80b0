//! The rules are compiled into the binary: a change in them is a change of the program.

fn main() {
    println!("cargo:rerun-if-changed=rules");
}
