import { apis, ErrorCode } from '@millrace/protocol'
import { handler } from '../request.ts'

/** Client software names and versions as Kafka allows them (KIP-511). */
const softwarePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

/** Levels of the features that are in force. metadata.version 27 is Kafka 4.1's; a client only compares it. */
const features: readonly { name: string; level: number }[] = [
  { name: 'metadata.version', level: 27 },
  { name: 'transaction.version', level: 2 },
]

/**
 * ApiVersions (18), v0 to v4. Lists exactly the APIs that have a handler. Unknown versions are answered by the session in
 * version 0 with error 35 (KIP-511).
 */
export const apiVersions = handler({
  api: apis.ApiVersions,
  versions: [0, 4],
  kips: [35, 482, 511, 584, 1022],
  handle(request, { core, apiVersion }) {
    const { clientSoftwareName: name, clientSoftwareVersion: version } = request
    if (apiVersion >= 3 && !(softwarePattern.test(name) && softwarePattern.test(version))) {
      return { errorCode: ErrorCode.INVALID_REQUEST }
    }
    return {
      errorCode: ErrorCode.NONE,
      apiKeys: core.advertisedApis(),
      supportedFeatures: features.map((one) => ({ name: one.name, minVersion: 1, maxVersion: one.level })),
      finalizedFeaturesEpoch: 1,
      finalizedFeatures: features.map((one) => ({
        name: one.name,
        minVersionLevel: one.level,
        maxVersionLevel: one.level,
      })),
    }
  },
})
