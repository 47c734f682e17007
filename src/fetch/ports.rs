//! Which ports may be asked: those on which web servers are found, and those that the configuration
//! names. A crawler that is lured to another service's port speaks HTTP to a mail server or a data store.

/// Below 1024 only these: 80 and 443, and the 81 to 90 that portals use for a second web server.
const LOW_WEB_PORTS: [u16; 12] = [80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 443];

/// The first port that any program may listen on without privileges: portals' application servers do.
const FIRST_UNPRIVILEGED: u16 = 1024;

/// Ports from 1024 on that belong to other services: the "bad ports" of the Fetch standard (WHATWG,
/// section 2.9), and data stores, queues, remote desktops and the control ports of containers and
/// clusters, many of which obey whoever reaches them. Sorted.
const OF_OTHER_SERVICES: [u16; 75] = [
    1080,  // SOCKS
    1099,  // Java RMI
    1433,  // SQL Server
    1434,  // SQL Server Browser
    1521,  // Oracle
    1719,  // H.323
    1720,  // H.323
    1723,  // PPTP
    1883,  // MQTT
    2049,  // NFS
    2181,  // ZooKeeper
    2375,  // Docker
    2376,  // Docker
    2377,  // Docker Swarm
    2379,  // etcd
    2380,  // etcd
    3260,  // iSCSI
    3306,  // MySQL
    3389,  // Remote Desktop
    3659,  // Apple SASL
    4045,  // NFS locks
    4190,  // ManageSieve
    4444,  // remote shells
    5036,  // Dameng backup
    5060,  // SIP
    5061,  // SIP
    5236,  // Dameng
    5432,  // PostgreSQL
    5555,  // Android Debug Bridge
    5671,  // AMQP
    5672,  // AMQP
    5900,  // VNC
    5901,  // VNC
    5938,  // TeamViewer
    5984,  // CouchDB
    5985,  // Windows Remote Management
    5986,  // Windows Remote Management
    6000,  // X11
    6379,  // Redis
    6443,  // Kubernetes
    6566,  // SANE
    6665,  // IRC
    6666,  // IRC
    6667,  // IRC
    6668,  // IRC
    6669,  // IRC
    6679,  // IRC
    6697,  // IRC
    7077,  // Spark
    7199,  // Cassandra
    7474,  // Neo4j
    7687,  // Neo4j
    8500,  // Consul
    9042,  // Cassandra
    9092,  // Kafka
    9100,  // raw printing
    9200,  // Elasticsearch
    9300,  // Elasticsearch
    10080, // Amanda; a bad port since NAT slipstreaming
    10250, // kubelet
    10255, // kubelet
    11211, // memcached
    11300, // beanstalkd
    15672, // RabbitMQ
    16379, // Redis cluster
    25672, // RabbitMQ
    26379, // Redis Sentinel
    27017, // MongoDB
    27018, // MongoDB
    27019, // MongoDB
    50000, // Db2
    50070, // HDFS
    50075, // HDFS
    54321, // Kingbase
    61616, // ActiveMQ
];

/// Whether a URL with this port may be asked, `allowed` being `network.allow_ports`.
pub(super) fn permits(port: u16, allowed: &[u16]) -> bool {
    let of_the_web = if port < FIRST_UNPRIVILEGED {
        LOW_WEB_PORTS.contains(&port)
    } else {
        OF_OTHER_SERVICES.binary_search(&port).is_err()
    };
    of_the_web || allowed.contains(&port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_the_web_may_be_asked_and_those_of_other_services_may_not() {
        for port in [80, 81, 90, 443, 7001, 8000, 8080, 8081, 8443, 8888, 9080, 9090, 9999, 65535] {
            assert!(permits(port, &[]), "{port}");
        }
        for port in [0, 1, 21, 22, 23, 25, 53, 79, 91, 110, 143, 389, 445, 465, 587, 993, 1023] {
            assert!(!permits(port, &[]), "{port}");
        }
        assert!(OF_OTHER_SERVICES.is_sorted());
        for port in OF_OTHER_SERVICES {
            assert!(!permits(port, &[]), "{port}");
            assert!(permits(port, &[port]), "{port}: as the configuration says");
        }
    }
}
