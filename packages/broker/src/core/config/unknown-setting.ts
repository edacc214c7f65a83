import { nearest } from '@millrace/base/internal'
import { brokerConfigDefinitions, coarserNames } from './broker-config-definitions.ts'

/** Settings of Kafka that are said otherwise here. */
export const saidOtherwise: Readonly<Record<string, string>> = {
  'broker.id': 'it is called node.id',
  'log.dir': 'the folder is --data <dir>, in code dataDir',
  'log.dirs': 'the folder is --data <dir>, in code dataDir',
}

/** Settings of Kafka that mean nothing here, by the beginnings of their names. */
export const pointlessSettings: readonly { readonly why: string; readonly beginnings: readonly string[] }[] = [
  {
    why: 'only a cluster has it',
    beginnings: [
      'alter.config.policy.',
      'auto.leader.rebalance.',
      'broker.heartbeat.',
      'broker.rack',
      'broker.session.',
      'controlled.shutdown.',
      'controller.',
      'early.start.listeners',
      'follower.',
      'initial.broker.registration.',
      'inter.broker.protocol.',
      'leader.',
      'metadata.',
      'num.replica.',
      'offsets.commit.',
      'offsets.topic.num.',
      'offsets.topic.replication.',
      'process.roles',
      'quorum.',
      'replica.',
      'replication.',
      'reserved.broker.',
      'security.inter.broker.',
      'server.max.startup.',
      'share.coordinator.',
      'transaction.state.log.min.',
      'transaction.state.log.num.',
      'transaction.state.log.replication.',
      'zookeeper.',
    ],
  },
  {
    why: "it is of Kafka's threads, sockets and JVM",
    beginnings: [
      'auto.include.jmx.',
      'background.threads',
      'kafka.metrics.',
      'log.cleaner.io.',
      'log.cleaner.threads',
      'metric.',
      'metrics.',
      'num.io.threads',
      'num.network.threads',
      'num.recovery.threads.',
      'queued.max.requests',
      'socket.listen.',
      'socket.receive.',
      'socket.send.',
    ],
  },
]

const knownNames = [...brokerConfigDefinitions.map(({ name }) => name), ...Object.keys(coarserNames)]

/** Says that there is no such setting, and what to do about it. */
export function unknownSetting(name: string): string {
  return `unknown broker setting ${name}${hint(name)}`
}

function hint(name: string): string {
  if (Object.hasOwn(saidOtherwise, name)) return `: ${saidOtherwise[name]}`
  const pointless = pointlessSettings.find(({ beginnings }) => beginnings.some((start) => name.startsWith(start)))
  if (pointless) return `: ${pointless.why}; take it out`
  const meant = nearest(name, knownNames)
  return meant === undefined ? '' : `; did you mean ${meant}?`
}
