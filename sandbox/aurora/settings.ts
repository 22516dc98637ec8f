/**
 * Small, and durable against what the sandbox does: a killed process loses nothing that it wrote, since the kernel
 * still has it. Only a crash of the machine needs fsync, and that ends the sandbox anyway.
 */
export const SETTINGS: Readonly<Record<string, string>> = {
  unix_socket_directories: "",
  shared_buffers: "16MB",
  max_connections: "100",
  max_wal_senders: "10",
  wal_level: "replica",
  hot_standby: "on",
  fsync: "off",
  max_wal_size: "256MB",
  // What was written is in a backup five minutes later, as with Aurora.
  archive_timeout: "300s",
  min_wal_size: "32MB",
  // Instead of slots, which hold everything for a region that may never return.
  wal_keep_size: "256MB",
  wal_receiver_status_interval: "1s",
  wal_retrieve_retry_interval: "200ms",
  wal_sender_timeout: "10s",
  wal_receiver_timeout: "30s",
  // Files of a killed server go with its directory, where POSIX shared memory would stay in /dev/shm.
  dynamic_shared_memory_type: "mmap",
  io_method: "sync",
  max_logical_replication_workers: "0",
  max_parallel_workers: "0",
  jit: "off",
  log_line_prefix: "%m [%p] ",
};
