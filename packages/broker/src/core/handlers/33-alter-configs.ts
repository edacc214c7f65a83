import { type AlterConfigsRequest, apis, ErrorCode } from '@millrace/protocol'
import { configDenial } from '../config/config-rights.ts'
import { resourcesNamedTwice } from '../config/named-twice.ts'
import { applyConfig, findResource } from '../config/resources.ts'
import { handler, type RequestContext } from '../request.ts'
import { AclOperation } from '../security/authorization.ts'
import { type Refusal, refusal } from '../topics/check-topic.ts'

type Asked = AlterConfigsRequest['resources'][number]

/** AlterConfigs (33), v0 to v2: replaces all of a resource's settings; what is not named falls back to its default. */
export const alterConfigs = handler({
  api: apis.AlterConfigs,
  versions: [0, 2],
  kips: [133, 226, 482, 714, 848],
  handle(request, context) {
    const twice = resourcesNamedTwice(request.resources)
    const responses = request.resources.map((asked) => {
      const problem = twice(asked) ?? replace(asked, context, request.validateOnly)
      const { resourceType, resourceName } = asked
      return { errorCode: ErrorCode.NONE, ...problem, resourceType, resourceName }
    })
    return { responses }
  },
})

function replace(
  { resourceType, resourceName, configs }: Asked,
  context: RequestContext,
  validateOnly: boolean,
): Refusal | undefined {
  const denied = configDenial(context, AclOperation.ALTER_CONFIGS, resourceType, resourceName)
  const resource = denied ?? findResource(context.core, resourceType, resourceName)
  if ('errorCode' in resource) return resource
  if (resource.incrementalOnly) return refusal(ErrorCode.INVALID_REQUEST, `Unknown resource type ${resourceType}`)
  const empty = configs.find((config) => config.value === null)
  if (empty) return refusal(ErrorCode.INVALID_REQUEST, `Null value not supported for : ${empty.name}`)
  return applyConfig(resource, new Map(configs.map(({ name, value }) => [name, value!])), validateOnly)
}
