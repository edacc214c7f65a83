import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ProcessTree } from './process-tree.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-tree-'))
  await writeFile(join(folder, 'server.mjs'), 'console.log("ready " + process.pid); setInterval(() => {}, 1000)')
  await writeFile(join(folder, 'flags.mjs'), 'console.log("ready " + process.execArgv); setInterval(() => {}, 1000)')
  await writeFile(join(folder, 'broken.mjs'), 'console.error("no such table"); process.exit(3)')
  await writeFile(
    join(folder, 'owner.mjs'),
    `import { ProcessTree } from ${JSON.stringify(new URL('./process-tree.ts', import.meta.url).href)}
     const tree = new ProcessTree()
     const ready = await tree.start({ name: 'child', script: process.argv[2], ready: /ready (.*)/ })
     console.log('child ' + ready[1])`,
  )
  await writeFile(
    join(folder, 'supervised.mjs'),
    `import { untilShutdown } from ${JSON.stringify(new URL('./until-shutdown.ts', import.meta.url).href)}
     setInterval(() => {}, 60_000)
     console.log('ready ' + process.pid); await untilShutdown(); process.exit(0)`,
  )
})
after(() => rm(folder, { recursive: true, force: true }))

const server = (): { name: string; script: string; ready: RegExp } => ({
  name: 'server',
  script: join(folder, 'server.mjs'),
  ready: /ready (\d+)/,
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('a process that was killed is started again', async () => {
  await using tree = new ProcessTree({ restartDelayMs: 1 })
  const first = Number((await tree.start(server()))[1])
  await tree.crash('server')
  const second = tree.pid('server')
  assert.notEqual(second, first)
  assert.equal(isAlive(first), false)
})

test('stopping ends every process', async () => {
  const tree = new ProcessTree()
  const pid = Number((await tree.start(server()))[1])
  await tree.stop()
  assert.equal(isAlive(pid), false)
})

test('a process that never gets ready fails with what it printed', async () => {
  await using tree = new ProcessTree({ restartDelayMs: 1, maxFailedStarts: 2 })
  await assert.rejects(tree.start({ name: 'broken', script: join(folder, 'broken.mjs'), ready: /ready/ }), (error) => {
    assert.match((error as Error).message, /exit status 3[\s\S]*no such table/)
    return true
  })
})

test('children end when their owner is killed', async () => {
  await using tree = new ProcessTree({ restartDelayMs: 60_000 })
  const ready = await tree.start({
    name: 'owner',
    script: join(folder, 'owner.mjs'),
    args: [join(folder, 'supervised.mjs')],
    ready: /child (\d+)/,
  })
  const child = Number(ready[1])
  assert.equal(isAlive(child), true)
  process.kill(tree.pid('owner') as number, 'SIGKILL')
  for (let i = 0; i < 100 && isAlive(child); i++) await delay(50)
  assert.equal(isAlive(child), false)
})

test("a child's young generation is bounded, unless somebody says how large it may grow", async () => {
  await using tree = new ProcessTree()
  const spec = { script: join(folder, 'flags.mjs'), ready: /ready (.*)/ }
  const bounded = await tree.start({ ...spec, name: 'bounded' })
  assert.match(bounded[1]!, /--max-semi-space-size=16/)
  const own = await tree.start({ ...spec, name: 'own', environment: { NODE_OPTIONS: '--max-semi-space-size=64' } })
  assert.doesNotMatch(own[1]!, /semi-space/)
})
