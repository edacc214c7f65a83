import pc from 'picocolors'
import { type ShopArguments, shopArguments } from './arguments.ts'
import { type Check, holds, runChecks } from './checks.ts'
import { Databases } from './databases.ts'
import { createDisplay, type Display } from './display.ts'
import { killInTurn } from './killer.ts'
import { type Load, type LoadTotals, startLoad } from './load.ts'
import { type Shop, startShop } from './shop.ts'
import { statusLines } from './status.ts'

const drainTimeoutMs = 60_000
const statusIntervalMs = 1_000
const ordersPerSecond = 50

/** Runs the shop; true when everything that was asked for holds. */
async function main(args: ShopArguments, display: Display, signal: AbortSignal): Promise<boolean> {
  const startedMs = Date.now()
  await using shop = await startShop({
    kafka: args.kafka,
    signal,
    onStarting: (what) => display.event(`starting ${what}`),
    onLine: (process, line) => {
      if (args.verbose || process.stream === 'stderr') display.event(pc.dim(`${process.name}: ${line}`))
    },
    onExit: (name, reason) => display.event(`${pc.yellow(name)} ended (${reason}), starting it again`),
  })
  await using databases = new Databases(shop.databases)
  display.event(`everything runs after ${((Date.now() - startedMs) / 1000).toFixed(1)} s`)

  const load = startLoad({
    customersUrl: shop.customersUrl,
    ordersUrl: shop.ordersUrl,
    brokers: shop.brokers,
    seed: args.seed,
    signal,
    ...(args.orders === undefined ? { ordersPerSecond } : { orders: args.orders }),
  })
  const stopStatus = showStatus(display, shop, databases, load)
  try {
    if (args.orders === undefined) {
      await load.done
      return true
    }
    return await placeAndCheck(args.orders, args.kill, { shop, databases, load, display, signal })
  } finally {
    stopStatus()
    display.end()
  }
}

interface Running {
  readonly shop: Shop
  readonly databases: Databases
  readonly load: Load
  readonly display: Display
  readonly signal: AbortSignal
}

async function placeAndCheck(orders: number, kill: boolean, running: Running): Promise<boolean> {
  const { shop, databases, load, display, signal } = running
  const killed = kill
    ? killInTurn(
        shop.tree,
        () => load.totals.orders / orders,
        (name) => display.event(`${pc.red('SIGKILL')} ${name}`),
        signal,
      )
    : Promise.resolve(0)
  const loadStartedMs = Date.now()
  const plantedOrder = await databases.plantOrphan()
  const totals = await load.done
  const loadSeconds = (Date.now() - loadStartedMs) / 1000
  const kills = await killed
  signal.throwIfAborted()
  display.event(`${totals.orders} orders placed, waiting until everything has drained`)
  const checks = await drained({ shop, databases, totals, plantedOrder }, signal)
  const drainedSeconds = (Date.now() - loadStartedMs) / 1000
  const failed = checks.filter((check) => !holds(check))
  for (const { name, expected, actual } of failed) {
    display.event(`${pc.red('differs')} ${name}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`)
  }
  const latency = await databases.latency(0)
  display.event(
    [
      `${totals.orders} orders`,
      `${(totals.orders / loadSeconds).toFixed(0)}/s placed`,
      `${(totals.orders / drainedSeconds).toFixed(0)}/s end to end`,
      `p50 ${latency?.p50Ms.toFixed(0)} ms`,
      `p99 ${latency?.p99Ms.toFixed(0)} ms`,
      `${totals.poison} poison records`,
      `${totals.deletedCustomers} customers deleted`,
      ...(kill ? [`${kills} processes killed`] : []),
      `${checks.length - failed.length} of ${checks.length} checks hold`,
    ].join(', '),
  )
  return failed.length === 0
}

interface Drained {
  readonly shop: Shop
  readonly databases: Databases
  readonly totals: LoadTotals
  readonly plantedOrder: string
}

/** Repeats the checks until all hold or the time is up; an instance that is still moving state is not a failure yet. */
async function drained({ shop, databases, totals, plantedOrder }: Drained, signal: AbortSignal): Promise<Check[]> {
  const deadlineMs = Date.now() + drainTimeoutMs
  const { orders: acceptedOrders, poison: poisonRecords } = totals
  const context = {
    brokers: shop.brokers,
    stateUrls: shop.stateUrls,
    databases,
    acceptedOrders,
    poisonRecords,
    plantedOrder,
  }
  for (;;) {
    signal.throwIfAborted()
    const isLast = Date.now() >= deadlineMs
    try {
      const checks = await runChecks(context)
      if (isLast || checks.every(holds)) return checks
    } catch (error) {
      if (isLast) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
}

function showStatus(display: Display, shop: Shop, databases: Databases, load: Load): () => void {
  let stopped = false
  const loop = async (): Promise<void> => {
    while (!stopped) {
      const lines = await statusLines(shop, databases, load.totals).catch(() => undefined)
      if (lines && !stopped) display.status(lines)
      await new Promise((resolve) => setTimeout(resolve, statusIntervalMs))
    }
  }
  void loop()
  return () => {
    stopped = true
  }
}

const args = shopArguments(process.argv.slice(2))
const display = createDisplay(process.stdout)
const interrupt = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (interrupt.signal.aborted && name === 'SIGINT') process.exit(130)
    interrupt.abort(new Error(`stopped by ${name}`))
  })
}
try {
  process.exitCode = (await main(args, display, interrupt.signal)) ? 0 : 1
} catch (error) {
  display.end()
  if (!interrupt.signal.aborted) {
    console.error(error)
    process.exitCode = 1
  }
}
