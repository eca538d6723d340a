/* Linked into the program by packaging/build.sh. A static program that follows /etc/nsswitch.conf loads modules made for
   another C library, and crashes: so the hosts file and DNS, which are built in, are all that it asks for names. */
#include <nss.h>

__attribute__((constructor)) static void hosts_file_and_dns_only(void)
{
    __nss_configure_lookup("hosts", "files dns");
}
