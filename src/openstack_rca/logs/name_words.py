"""Words in the paths of logs that name services, or places and kinds of files where no service or host is named."""


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


# Names of files that say what is in them, not who wrote them: the folder does.
ROLE_STEMS = words(
    "access access_log current error error_log errors general log other_vhosts_access output requests server slow "
    "slow-query stderr stdout console previous main app application messages_log log1 api worker"
)
EVERYONES = words("syslog messages journal journalctl dmesg kern auth daemon secure log logs all system console output")
DAEMON_STEMS = words("agent master minion proxy scheduler syndic")
SERVICES = words(
    "adjutant aodh apache apache2 barbican bind bird blazar calico cassandra ceilometer ceph chrony cilium cinder "
    "cloudkitty collectd consul contrail corosync crio cyborg designate dirsrv dnsmasq docker elasticsearch etcd filebeat "
    "fluent-bit fluentd freezer frr galera glance gluster gnocchi grafana haproxy heat horizon httpd influxdb ironic "
    "ironic-inspector iscsid kafka karaf keepalived keystone kibana kubernetes kuryr letsencrypt libreswan libvirt "
    "logstash loki magnum manila mariadb masakari memcached midonet mistral mongo mongodb multipath multipathd murano "
    "mysql mysqld named nats neutron nginx nova nova-libvirt nova_libvirt ntp octavia odl opendaylight opensearch "
    "openstack openvswitch ovn ovs pacemaker pcs placement podman postfix postgresql prometheus proxysql qemu rabbit "
    "rabbitmq redis sahara salt senlin skyline slapd solum sssd strongswan supervisor sushy swift tacker telegraf tomcat trove "
    "unbound uwsgi valkey vault vitrage watcher zabbix zaqar zookeeper zun"
)
GATHERED = words("hosts nodes remote")
DATABASES = words("mysql mariadb galera")
PLACES = words(
    "all archive archives audit backup backups cluster collected container containers data docker etc files home "
    "host hosts incident incidents instances journal kolla latest lib lib64 local log logdir logs mnt node nodes normal old opt "
    "private proc pod-logs remote root run samples screen service services share source srv stack sys tmp usr var volumes "
    "sos_commands sos_logs pods system test tests training train user users stdouts stdout juju namespaces must-gather "
    "crashdump baremetal lxd log-storage extracted export exports snap common current devstack unit units machine pod "
    "controller_logs podlogs openstack-hypervisor microceph "
    "cluster-scoped-resources core ansible tripleo edpm overcloud undercloud sosreport cases case upload uploads "
    "_data merged diff rootfs download downloads dump dumps desktop documents crash crashes coredump coredumps support errors"
)
