import { apis, ErrorCode } from '@millrace/protocol'
import { configDenial } from '../config/config-rights.ts'
import { applyConfig, findResource } from '../config/resources.ts'
import { handler } from '../request.ts'
import { AclOperation } from '../security/authorization.ts'
import { refusal } from '../topics/check-topic.ts'

/** AlterConfigs (33), v0 to v2: replaces all of a resource's settings; what is not named falls back to its default. */
export const alterConfigs = handler({
  api: apis.AlterConfigs,
  versions: [0, 2],
  kips: [133, 226, 482],
  handle(request, context) {
    const { core } = context
    const responses = request.resources.map(({ resourceType, resourceName, configs }) => {
      const denied = configDenial(context, AclOperation.ALTER_CONFIGS, resourceType, resourceName)
      const resource = denied ?? findResource(core, resourceType, resourceName)
      const empty = configs.find((config) => config.value === null)
      const problem =
        'errorCode' in resource
          ? resource
          : empty
            ? refusal(ErrorCode.INVALID_REQUEST, `Null value not supported for ${empty.name}`)
            : applyConfig(
                core,
                resource,
                new Map(configs.map(({ name, value }) => [name, value!])),
                request.validateOnly,
              )
      return { errorCode: ErrorCode.NONE, ...problem, resourceType, resourceName }
    })
    return { responses }
  },
})
