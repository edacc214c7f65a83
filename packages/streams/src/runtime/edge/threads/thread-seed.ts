import { type FailureHandler, type FailureHandlers, failLoudly, failureHandlers } from '../../../core/handlers.ts'
import type { TaskConfig } from '../../../core/task.ts'
import { streamsError } from '../../../errors.ts'
import type { RuntimeConfig } from '../../config.ts'
import type { HandlerName, ThreadSeed } from '../../threads/thread-messages.ts'
import type { StartStreamsOptions } from '../start-streams.ts'
import { moduleUrl } from './application-module.ts'

export type InstanceSeed = Omit<ThreadSeed, 'index' | 'endsApplication' | 'counts' | 'isPaused' | 'standing'>

export interface InstanceParts {
  readonly applicationId: string
  readonly instanceId: string
  /** `memory`, or the directory of the application. */
  readonly directory: string
  readonly config: RuntimeConfig
  readonly taskConfig: TaskConfig
}

/**
 * What other threads need to run the application too.
 *
 * @throws STREAMS_THREADS_NEED_MODULE for what cannot be sent to them
 */
export function instanceSeed(options: StartStreamsOptions, parts: InstanceParts): InstanceSeed {
  const { brokers, args } = options
  const { handlers, module } = checkShareable(options)
  const { maxTaskIdleMs, retryDelayMs, strict } = parts.taskConfig
  return {
    module,
    args,
    applicationId: parts.applicationId,
    instanceId: parts.instanceId,
    brokers: brokers!,
    security: options.security,
    settings: options.config,
    directory: parts.directory,
    applicationServer: options.applicationServer,
    config: parts.config,
    taskConfig: { maxTaskIdleMs, retryDelayMs, strict },
    metricsLevel: options.metricsLevel ?? 'info',
    niceness: options.workerNiceness ?? 0,
    handlers,
  }
}

/** @throws STREAMS_THREADS_NEED_MODULE */
export function checkShareable(options: StartStreamsOptions): Pick<InstanceSeed, 'module' | 'handlers'> {
  const { topology, client, brokers, clock, random, handlers, taskAssignor } = options
  const module = moduleUrl(topology)
  if (module === undefined) throw needsModule('the topology is an object or a function')
  if (client || brokers === undefined) throw needsModule('the client cannot be shared')
  if (clock || random) throw needsModule('clock and random cannot be shared')
  if (taskAssignor) throw needsModule('the task assignor is a function')
  return { module, handlers: handlers && namesOf({ ...failLoudly, ...handlers }) }
}

function namesOf(handlers: FailureHandlers): NonNullable<InstanceSeed['handlers']> {
  const { deserialize, process, produce, processGlobal = failLoudly.process } = handlers
  return {
    deserialize: nameOf(deserialize),
    process: nameOf(process),
    processGlobal: nameOf(processGlobal),
    produce: nameOf(produce),
  }
}

function nameOf(handler: FailureHandler): HandlerName {
  if (Object.values(failLoudly).includes(handler)) return 'fail'
  for (const [name, known] of Object.entries(failureHandlers)) if (known === handler) return name as HandlerName
  throw needsModule('a failure handler is a function of your own')
}

function needsModule(why: string): Error {
  return streamsError('STREAMS_THREADS_NEED_MODULE', `no other thread can run the application: ${why}`, {})
}
