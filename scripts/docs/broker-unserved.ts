import { unservedApis as listedByKafka } from '../../conformance/clients/protocol-differences.ts'

const telemetry =
  'Later: client metrics (KIP-714) are not collected yet. Apache Kafka lists it only with a plugin that takes them'

/** Why an API that Kafka 4.3 has on a broker's listener is not served here, by name; nothing else may be missing. */
export const unservedApis: Readonly<Record<string, string>> = {
  ...listedByKafka,
  GetTelemetrySubscriptions: telemetry,
  PushTelemetry: telemetry,
}

/** What Kafka 4.3 has for controllers only, and what it has taken out. */
export const controllerApis: readonly (readonly [number, string])[] = [
  [52, 'Vote'],
  [53, 'BeginQuorumEpoch'],
  [54, 'EndQuorumEpoch'],
  [56, 'AlterPartition'],
  [58, 'Envelope'],
  [59, 'FetchSnapshot'],
  [62, 'BrokerRegistration'],
  [63, 'BrokerHeartbeat'],
  [67, 'AllocateProducerIds'],
  [70, 'ControllerRegistration'],
  [73, 'AssignReplicasToDirs'],
  [82, 'UpdateRaftVoter'],
]
