import { setTimeout as delay } from 'node:timers/promises'
import type { Console, ConsoleRequest } from './console-requests.ts'
import { differences } from './shape.ts'

export interface ReplayTarget {
  /** Of the REST API. */
  readonly url: string
  /** File of the connector that is created. */
  readonly file: string
}

export interface Replayed {
  readonly purpose: string
  readonly status: number
  /** Where the answer is not what the console reads; nothing where it is. */
  readonly problems: readonly string[]
}

export const replayedClass = 'org.apache.kafka.connect.file.FileStreamSourceConnector'

/** Sends what a console sends, one after the other, each when the connector has settled after the one before. */
export async function replay(target: ReplayTarget, each: Console): Promise<Replayed[]> {
  const name = each.name.toLowerCase().replaceAll(' ', '-')
  const answers: Replayed[] = []
  for (const request of each.requests) {
    answers.push(await send(target, each, request, name))
    await settled(target, name)
  }
  return answers
}

async function send(
  { url, file }: ReplayTarget,
  { headers }: Console,
  request: ConsoleRequest,
  name: string,
): Promise<Replayed> {
  const config = JSON.stringify({ 'connector.class': replayedClass, file, topic: name, name })
  const fill = (text: string): string =>
    text.replaceAll('{name}', name).replaceAll('{class}', replayedClass).replaceAll('{config}', config)
  const { method, path, body, status, answer, purpose } = request
  const response = await fetch(url + fill(path), {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: fill(body) }),
  })
  const text = await response.text()
  const problems = status.includes(response.status)
    ? differences(answer, text === '' ? undefined : JSON.parse(text))
    : [`status ${response.status}: ${text}`]
  return { purpose, status: response.status, problems }
}

/** Until it is gone, has a task that is at work or paused, or is stopped. */
async function settled({ url }: ReplayTarget, name: string): Promise<void> {
  const passing = new Set(['UNASSIGNED', 'RESTARTING'])
  for (let i = 0; i < 300; i++) {
    const response = await fetch(`${url}/connectors/${name}/status`)
    const known = await fetch(`${url}/connectors/${name}`)
    const { connector, tasks = [] } = (await response.json()) as {
      connector?: { state: string }
      tasks?: { state: string }[]
    }
    // A worker of Kafka Connect knows a connector before it knows its status, and the other way round at its end.
    if (known.status === 404 && response.status === 404) return
    const isAtRest = connector?.state === 'STOPPED' ? tasks.length === 0 : tasks.length > 0
    const all = [connector?.state, ...tasks.map(({ state }) => state)]
    const agree = new Set(all).size === 1
    if (response.ok && known.ok && isAtRest && agree && !passing.has(connector?.state ?? '')) return
    await delay(20)
  }
}
