import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { isMillraceError } from '@millrace/base'
import type { StreamsInstance } from '@millrace/streams'

const channelName = 'millrace:streams:failure'

/** How often what an application waits for is said again. */
const repeatMs = 10_000
/** After this long an application that nothing was heard of is said to wait. */
const silentMs = 2_000

/** Tells people what applications are doing, and what they wait for. */
export interface AppReports extends Disposable {
  watch(app: StreamsInstance): void
  /** What an application that is not running yet waits for. */
  waitingFor(app: StreamsInstance): string
}

/**
 * Tells people of every state of applications, and at once and every ten seconds what keeps one from its work that somebody
 * can do something about: topics that are missing, a schema registry that is away. Has to listen before they start.
 */
export function reportApps(onEvent: (text: string) => void): AppReports {
  const apps = new Map<StreamsInstance, number>()
  const reasons = new Map<string, string>()
  const told = new Map<string, { readonly text: string; readonly atMs: number }>()

  function tell(applicationId: string, text: string): void {
    const last = told.get(applicationId)
    const nowMs = performance.now()
    if (last?.text === text && nowMs - last.atMs < repeatMs) return
    told.set(applicationId, { text, atMs: nowMs })
    onEvent(`${applicationId}: ${text}`)
  }

  function onFailure(message: unknown): void {
    const { applicationId, error } = message as { readonly applicationId: string; readonly error: unknown }
    const app = [...apps.keys()].find((candidate) => candidate.applicationId === applicationId)
    // One that is being started is not among them yet.
    const isStarting = app === undefined || app.state() === 'created'
    if (!isStarting && !isAwaited(error)) return
    const reason = reasonOf(error)
    reasons.set(applicationId, reason)
    tell(applicationId, reason)
  }

  const timer = setInterval(() => {
    for (const [app, sinceMs] of apps) {
      if (app.state() !== 'created') continue
      const reason = reasons.get(app.applicationId)
      if (reason !== undefined) tell(app.applicationId, reason)
      else if (performance.now() - sinceMs >= silentMs) tell(app.applicationId, 'waiting for its topics and schemas')
    }
  }, 1_000).unref()
  subscribe(channelName, onFailure)

  return {
    watch(app) {
      apps.set(app, performance.now())
      app.onStateChange((state) => {
        reasons.delete(app.applicationId)
        told.delete(app.applicationId)
        onEvent(`${app.applicationId}: ${state}`)
      })
    },
    waitingFor: (app) => (app.state() === 'created' && reasons.get(app.applicationId)) || app.state(),
    [Symbol.dispose]() {
      clearInterval(timer)
      unsubscribe(channelName, onFailure)
    },
  }
}

/** Whether an application that is at work waits for somebody to do something. */
function isAwaited(error: unknown): boolean {
  if (!isMillraceError(error)) return false
  return /^REGISTRY_|^CONTRACT_NOT_READY$|^STREAMS_SOURCE_TOPIC_MISSING$/.test(error.code)
}

function reasonOf(error: unknown): string {
  if (!isMillraceError(error)) return `tries again: ${error instanceof Error ? error.message : String(error)}`
  if (error.code === 'STREAMS_SOURCE_TOPIC_MISSING') {
    const topics = String(error.fields.topics).split(',')
    return `waiting for ${topics.length === 1 ? 'topic' : 'topics'} ${topics.join(', ')}; create what is missing, or start what does`
  }
  return `waiting: ${error.message} [${error.code}]; ${error.remedy}`
}
