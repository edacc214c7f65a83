import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'

/** What takes a part of the start and is not needed by most: loaded when it is. */
const notAtStart = ['node:tls', 'jose']

const program = `
import { registerHooks } from 'node:module'
const loaded = new Set()
registerHooks({ resolve(specifier, context, next) { loaded.add(specifier); return next(specifier, context) } })
const { startBroker } = await import(process.argv[1])
const broker = await startBroker({ memory: true, worker: false })
await broker.close()
console.log(JSON.stringify([...loaded]))
`

test('a plain broker starts without what only TLS and OAUTHBEARER need', () => {
  const entry = join(import.meta.dirname, '../src/index.ts')
  const args = ['--conditions=source', '--input-type=module', '--eval', program, entry]
  const loaded = new Set(JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as string[])
  assert.ok(loaded.has('node:net'), 'the hook sees what is loaded')
  for (const name of notAtStart) assert.ok(!loaded.has(name), `${name} is loaded at the start`)
})
