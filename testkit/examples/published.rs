//! Mail domains that publish what senders are to hold to, until somebody ends them, into the path of the configuration that
//! watches them: for the pictures of tools/previews.

use std::future::pending;

use testkit::published::Published;

#[tokio::main]
async fn main() {
    let domains = Published::start().await;
    println!("Configuration: {}", domains.config.display());
    pending::<()>().await;
}
