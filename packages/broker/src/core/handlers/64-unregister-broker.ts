import { apis, ErrorCode } from '@millrace/protocol'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'

/** UnregisterBroker (64), v0: the one broker there is stays. */
export const unregisterBroker = handler({
  api: apis.UnregisterBroker,
  versions: [0, 0],
  kips: [482, 631],
  leftOut: 'Unregistering the node itself, which Kafka allows: nothing would be left that could register again.',
  handle({ brokerId }, { core, may }) {
    if (!may(AclOperation.ALTER, ResourceType.CLUSTER, clusterResource)) {
      return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }
    }
    if (brokerId === core.nodeId) {
      return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: `Broker ${brokerId} is the only one there is.` }
    }
    const errorMessage = `Broker ID ${brokerId} is not currently registered`
    return { errorCode: ErrorCode.BROKER_ID_NOT_REGISTERED, errorMessage }
  },
})
