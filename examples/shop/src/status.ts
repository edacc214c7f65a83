import pc from 'picocolors'
import type { Databases } from './databases.ts'
import { deadLetters } from './dead-letters.ts'
import type { LoadTotals } from './load.ts'
import type { Shop } from './shop.ts'

const latencyWindowMs = 10_000

let last = { ms: Date.now(), orders: 0 }

/** What the screen shows now. The first three lines are what a pipe gets. */
export async function statusLines(shop: Shop, databases: Databases, totals: LoadTotals): Promise<string[]> {
  const now = Date.now()
  const perSecond = ((totals.orders - last.orders) * 1000) / Math.max(1, now - last.ms)
  last = { ms: now, orders: totals.orders }
  const [latency, lags, letters] = await Promise.all([
    databases.latency(now - latencyWindowMs),
    stageLags(shop),
    deadLetters(shop.brokers, 'order'),
  ])
  const ms = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(0)} ms`)
  return [
    `${pc.bold('orders')}   ${totals.orders} placed, ${perSecond.toFixed(0)}/s, ${totals.customers} customers, ${totals.deletedCustomers} deleted`,
    `${pc.bold('latency')}  p50 ${ms(latency?.p50Ms)}, p99 ${ms(latency?.p99Ms)} from the shop to the reporting database`,
    `${pc.bold('lag')}      capture ${size(lags.captureBytes)}, streams ${lags.streamsRecords} records, sink ${lags.sinkRecords} records; ${letters} dead letters`,
    '',
    `${pc.bold('state')}    ${shop.stateUrls[0]}/stores/customer-orders?limit=3`,
    `         ${shop.stateUrls[1]}/stores/revenue-minute/DE   (any instance answers for every key)`,
    `${pc.bold('try')}      npx millrace dlq list order --brokers ${shop.brokers}`,
    `         npx millrace consume order-view --brokers ${shop.brokers}`,
    `         npx millrace groups describe shop --brokers ${shop.brokers}`,
    '         Ctrl-C ends it',
  ]
}

interface Lags {
  readonly captureBytes: number
  readonly streamsRecords: number
  readonly sinkRecords: number
}

async function stageLags({ gateways, stateUrls }: Shop): Promise<Lags> {
  const [capture, sink, ...streams] = await Promise.all([gateways.capture, gateways.sink, ...stateUrls].map(metrics))
  const sum = (samples: readonly Sample[] | undefined, name: string): number =>
    (samples ?? []).filter((sample) => sample.name === name).reduce((total, sample) => total + sample.value, 0)
  return {
    captureBytes: sum(capture, 'millrace_connector_lag_bytes'),
    streamsRecords: sum(streams.flat(), 'millrace_streams_lag_records'),
    sinkRecords: sum(sink, 'millrace_connector_lag_records'),
  }
}

interface Sample {
  readonly name: string
  readonly value: number
}

/** A process that is away right now has no figures. */
async function metrics(url: string): Promise<Sample[]> {
  try {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(900) })
    return (await response.text())
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => ({
        name: line.split(/[{ ]/, 1)[0] as string,
        value: Number(line.slice(line.lastIndexOf(' ') + 1)),
      }))
  } catch {
    return []
  }
}

function size(bytes: number): string {
  return bytes < 10_000 ? `${bytes} B` : `${(bytes / 1000).toFixed(0)} kB`
}
