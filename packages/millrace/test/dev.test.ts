import assert from 'node:assert/strict'
import { rename } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually, millrace, Project, RunningCommand } from './support/command-line.ts'

const topologyOf = (store: string): string => `import { serdes, topic, topology } from 'millrace'
const order = topic('order', { key: serdes.string, value: serdes.json<{ amount: number }>() })
export default () => {
  const app = topology('totals')
  app.stream(order).groupByKey().reduce((total: number, o) => total + o.amount, { initial: 0, store: '${store}' })
  return app
}`

/** As `sed -i` and many editors save. */
async function replace(project: Project, name: string, text: string): Promise<void> {
  await project.write({ [`${name}.new`]: text })
  await rename(project.path(`${name}.new`), project.path(name))
}

test('dev starts again on a change, survives a broken edit, and keeps broker and data meanwhile', async () => {
  await using project = await Project.create({
    'app.ts': topologyOf('totals'),
    '.env': 'PORT=0\n',
    'millrace.config.ts': `import { app } from 'millrace'
if (process.env.PORT === undefined) throw new Error('.env was not read')
export default { gateway: { port: Number(process.env.PORT) }, apps: [app('./app.ts')] }`,
  })
  await using dev = new RunningCommand(['dev', '--port', '0'], { cwd: project.folder })
  const brokers = await dev.prints(/broker\s+(\S+:\d+)/)
  await dev.prints(/gateway listening on (\S+)/)
  const gateway = (): string => [...dev.stdout.matchAll(/gateway listening on (\S+)/g)].at(-1)?.[1] ?? ''
  const starts = (): number => [...dev.stdout.matchAll(/gateway listening on/g)].length
  const value = (store: string) => async (): Promise<number | undefined> => {
    const response = await fetch(`${gateway()}/stores/${store}/a`).catch(() => undefined)
    return ((await response?.json()) as { value?: number } | undefined)?.value
  }
  const created = await millrace(['topics', 'create', 'order', '--brokers', brokers])
  assert.match(created.stdout + created.stderr, /created|exists/)
  await millrace(['produce', 'order', '--brokers', brokers], { input: 'a\t{"amount":1}\na\t{"amount":2}\n' })
  assert.equal(await eventually(value('totals'), (found) => found === 3), 3)

  await replace(project, 'app.ts', 'export default () => { this is no TypeScript')
  await dev.prints(/\[APP_INVALID\][\s\S]*waiting for a change/)
  assert.equal((await millrace(['topics', 'list', '--brokers', brokers])).status, 0, 'the broker goes on')

  await replace(project, 'app.ts', topologyOf('totals'))
  await eventually(
    async () => starts(),
    (count) => count === 2,
  )
  await millrace(['produce', 'order', '--brokers', brokers], { input: 'a\t{"amount":4}\n' })
  assert.equal(await eventually(value('totals'), (found) => found === 7), 7)
  assert.equal(await dev.stop('SIGINT'), 0)
})

test('dev stays down on a record that the application cannot read, until something changes', async () => {
  const config = (options: string): string =>
    `import { app } from 'millrace'\nexport default { gateway: { port: 0 }, apps: [app('./app.ts'${options})] }`
  await using project = await Project.create({ 'app.ts': topologyOf('totals'), 'millrace.config.ts': config('') })
  await using dev = new RunningCommand(['dev', '--port', '0'], { cwd: project.folder })
  const brokers = await dev.prints(/broker\s+(\S+:\d+)/)
  await dev.prints(/gateway listening on/)
  await millrace(['topics', 'create', 'order', '--brokers', brokers])
  await millrace(['produce', 'order', '--brokers', brokers], { input: 'a\t{"half\na\t{"amount":5}\n' })
  await dev.prints(
    /STREAMS_DESERIALIZE_FAILED\][\s\S]*onDeserializationError: 'dead-letter'[\s\S]*waiting for a change/,
  )
  await delay(3_000)
  assert.equal([...dev.stderr.matchAll(/\[STREAMS_DESERIALIZE_FAILED\]/g)].length, 1)

  await project.write({ 'millrace.config.ts': config(`, { onDeserializationError: 'dead-letter' }`) })
  const gateway = (): string => [...dev.stdout.matchAll(/gateway listening on (\S+)/g)].at(-1)?.[1] ?? ''
  const value = async (): Promise<number | undefined> => {
    const response = await fetch(`${gateway()}/stores/totals/a`).catch(() => undefined)
    return ((await response?.json()) as { value?: number } | undefined)?.value
  }
  assert.equal(await eventually(value, (found) => found === 5), 5)
  assert.equal(await dev.stop('SIGINT'), 0)
})

test('dev --no-watch ends with its configuration', async () => {
  await using project = await Project.create({
    'millrace.config.ts': `import { app } from 'millrace'\nexport default { gateway: { port: 0 }, apps: [app('./none.ts')] }`,
  })
  const { status, stderr } = await millrace(['dev', '--no-watch', '--port', '0'], { cwd: project.folder })
  assert.equal(status, 1)
  assert.match(stderr, /\[APP_INVALID\]/)
})
