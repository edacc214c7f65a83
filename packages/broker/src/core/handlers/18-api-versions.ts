import { apis, ErrorCode } from '@millrace/protocol'
import { handler } from '../request.ts'

/** Client software names and versions as Kafka allows them (KIP-511). */
const softwarePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

/** From here on clients know features that begin at level 0 (KIP-1022). */
const levelZeroVersion = 4

/**
 * ApiVersions (18), v0 to v4. Lists exactly the APIs that have a handler, and the features in force. Unknown versions are
 * answered by the session in version 0 with error 35 (KIP-511).
 */
export const apiVersions = handler({
  api: apis.ApiVersions,
  versions: [0, 4],
  kips: [35, 482, 511, 584, 1022],
  leftOut: 'The check of cluster and node id (KIP-1242) is version 5, which Kafka 4.3 has not got.',
  handle(request, { core, apiVersion }) {
    const { clientSoftwareName: name, clientSoftwareVersion: version } = request
    if (apiVersion >= 3 && !(softwarePattern.test(name) && softwarePattern.test(version))) {
      return { errorCode: ErrorCode.INVALID_REQUEST }
    }
    const supported = core.features.supported.filter((one) => apiVersion >= levelZeroVersion || one.minLevel > 0)
    return {
      errorCode: ErrorCode.NONE,
      apiKeys: core.advertisedApis(),
      supportedFeatures: supported.map(({ name, minLevel, maxLevel }) => ({
        name,
        minVersion: minLevel,
        maxVersion: maxLevel,
      })),
      finalizedFeaturesEpoch: core.features.epoch,
      finalizedFeatures: core.features.finalized.map(({ name, level }) => ({
        name,
        minVersionLevel: level,
        maxVersionLevel: level,
      })),
    }
  },
})
