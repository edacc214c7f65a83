import { apis, ErrorCode, type UpdateFeaturesRequest } from '@millrace/protocol'
import { type FeatureUpdate, upgradeType } from '../features.ts'
import { recorded } from '../refusal.ts'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'

/** From here on an answer tells no more about each feature (KIP-1022). */
const withoutResults = 2

/** UpdateFeatures (57), v0 to v2: sets feature levels, all of a request or none (KIP-584, KIP-778). They last. */
export const updateFeatures = handler({
  api: apis.UpdateFeatures,
  versions: [0, 2],
  kips: [482, 584, 778, 1022],
  leftOut: 'A lower metadata.version, which Kafka 4.3 refuses too.',
  handle(request, { core, apiVersion, may }) {
    if (!may(AclOperation.ALTER, ResourceType.CLUSTER, clusterResource)) {
      return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }
    }
    const updates = request.featureUpdates.map((update) => updateOf(update, apiVersion))
    for (const update of updates) {
      const problem = core.features.problem(update)
      if (problem === undefined) continue
      const errorMessage = `The update failed for all features since the following feature had an error: ${problem}`
      return { errorCode: ErrorCode.INVALID_UPDATE_VERSION, errorMessage }
    }
    const failure = request.validateOnly ? undefined : recorded(() => core.features.update(updates))
    if (failure) return failure
    const results = apiVersion < withoutResults ? updates.map(({ name }) => ({ feature: name })) : []
    return { errorCode: ErrorCode.NONE, results }
  },
})

/** Version 0 has a flag for what later is one of three types. */
function updateOf(update: UpdateFeaturesRequest['featureUpdates'][number], apiVersion: number): FeatureUpdate {
  const { feature: name, maxVersionLevel: level, allowDowngrade, upgradeType: type } = update
  if (apiVersion > 0) return { name, level, type }
  return { name, level, type: allowDowngrade ? upgradeType.safeDowngrade : upgradeType.upgrade }
}
