export interface AlterReplicaLogDirsRequest {
  /** []AlterReplicaLogDir, v0+ */
  dirs: AlterReplicaLogDirsRequestAlterReplicaLogDir[]
}

export interface AlterReplicaLogDirsRequestAlterReplicaLogDir {
  /** string, v0+ */
  path: string
  /** []AlterReplicaLogDirTopic, v0+ */
  topics: AlterReplicaLogDirsRequestAlterReplicaLogDirTopic[]
}

export interface AlterReplicaLogDirsRequestAlterReplicaLogDirTopic {
  /** string, v0+ */
  name: string
  /** []int32, v0+ */
  partitions: number[]
}
