//! The exporter as people run it: the real binary, real sockets, curl as the client.

mod formats;
mod inside;
mod inventories;
mod life;
mod links;
mod named_files;
mod pages;
mod pressure;
mod prometheus;
mod request;
mod secrets;
mod secured;
mod strangers;
mod systemd;

use std::net::SocketAddr;

use testkit::target;

/// A configuration with these lines before one target for each address, named bear0, bear1, and so on.
fn config(head: &str, addresses: &[SocketAddr]) -> String {
    let mut text = format!("{head}\ntrust: {{roots: root.pem}}\ntargets:\n");
    for (nth, address) in addresses.iter().enumerate() {
        text += &target(&format!("bear{nth}"), "bear.bears.test", *address);
    }
    text
}
