import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ConnectorStatus } from '@millrace/connect'
import {
  type ConnectorNotice,
  type ConnectWorker,
  connectorLogger,
  inProperties,
  type LogLevel,
  type RecordErrorReport,
} from '@millrace/connect/internal'

const channelName = 'millrace:connect:state'
const recordErrorChannel = 'millrace:connect:record-error'
const noticeChannel = 'millrace:connect:notice'

/**
 * Tells people when a connector runs, waits for something, or has failed, once for each reason: one that tries again
 * every few seconds says so once, until it runs or something else keeps it.
 */
export function reportConnectors(
  connectors: readonly { readonly name: string }[],
  onEvent: (text: string) => void,
): Disposable {
  const names = new Set(connectors.map(({ name }) => name))
  const lastTold = new Map<string, string>()
  const onState = (message: unknown): void => {
    const status = message as ConnectorStatus
    if (!names.has(status.name)) return
    const text = eventText(status)
    if (text === undefined || lastTold.get(status.name) === text) return
    lastTold.set(status.name, text)
    onEvent(text)
  }
  const onNotice = (message: unknown): void => {
    const { connector, text } = message as ConnectorNotice
    if (names.has(connector)) onEvent(`${connector}: ${text}`)
  }
  subscribe(channelName, onState)
  subscribe(noticeChannel, onNotice)
  return {
    [Symbol.dispose]: () => {
      unsubscribe(channelName, onState)
      unsubscribe(noticeChannel, onNotice)
    },
  }
}

/** The same for the connectors of a worker, as far as their loggers' levels go; records that they pass over as well. */
export function reportWorker(worker: ConnectWorker, onEvent: (text: string) => void): Disposable {
  const lastTold = new Map<string, string>()
  const isLogged = (name: string, level: LogLevel): boolean =>
    worker.names().includes(name) && worker.loggers.isEnabled(connectorLogger(name), level)
  const onState = (message: unknown): void => {
    const status = ofProperties(message as ConnectorStatus)
    const text = eventText(status)
    const level = status.state === 'failed' ? 'ERROR' : status.state === 'retrying' ? 'WARN' : 'INFO'
    if (text === undefined || lastTold.get(status.name) === text || !isLogged(status.name, level)) return
    lastTold.set(status.name, text)
    // Nobody else says why it has failed: the process goes on without it.
    const { state, error } = status
    onEvent(
      worker.mask(state === 'failed' && error ? `${text}: ${error.message} [${error.code}]; ${error.remedy}` : text),
    )
  }
  const onRecordError = (message: unknown): void => {
    const { connector, topic, partition, offset, stage, executingClass, error, record } = message as RecordErrorReport
    if (!isLogged(connector, 'ERROR')) return
    const place = offset === undefined ? `for ${topic}` : `${offset} of ${topic}-${partition}`
    const content =
      record === undefined
        ? ''
        : `; ${JSON.stringify(record, (_, item) => (typeof item === 'bigint' ? String(item) : item))}`
    const reason = `was refused by ${executingClass} (${stage}): ${error.message}`
    onEvent(worker.mask(`${connector}: a record ${place} ${reason}${content}`))
  }
  const onNotice = (message: unknown): void => {
    const { connector, text } = message as ConnectorNotice
    if (isLogged(connector, 'WARN')) onEvent(worker.mask(`${connector}: ${text}`))
  }
  subscribe(channelName, onState)
  subscribe(recordErrorChannel, onRecordError)
  subscribe(noticeChannel, onNotice)
  return {
    [Symbol.dispose]: () => {
      unsubscribe(channelName, onState)
      unsubscribe(recordErrorChannel, onRecordError)
      unsubscribe(noticeChannel, onNotice)
    },
  }
}

/** As its properties say it. */
function ofProperties(status: ConnectorStatus): ConnectorStatus {
  const { error } = status
  return error ? { ...status, error: { ...error, remedy: inProperties(error.remedy) } } : status
}

function eventText({ name, state, activity, error }: ConnectorStatus): string | undefined {
  switch (state) {
    case 'running':
      return `${name}: running`
    case 'retrying':
      return error ? `${name}: tries again: ${error.message} [${error.code}]; ${error.remedy}` : `${name}: tries again`
    case 'standby':
      return `${name}: stands by: ${activity}`
    case 'failed':
      return `${name}: failed`
    case 'starting':
    case 'stopped':
      return undefined
  }
}
