// The suites that users run against connectors of their own find what is usually wrong with one.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sinkMistakes } from './careless-sink.ts'
import { sourceMistakes } from './careless-source.ts'

const program = fileURLToPath(new URL('run-suites.ts', import.meta.url))
const timeout = 180_000

test('every planted mistake fails a test of the suites, and a connector without one passes all', async () => {
  // Told that it runs in a test, it would report in another form.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const args = ['--conditions=source', '--test-reporter=tap', program]
  // It ends with an error, since tests fail.
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { env, timeout, maxBuffer: 64 * 1024 ** 2 }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    )
  })
  const results = [...output.matchAll(/^ *(ok|not ok) \d+ - (sink|source): ([^:\n]+): (.*)$/gm)]
  const failed = new Map<string, string[]>()
  for (const [, result, kind, mistake, name] of results) {
    const id = `${kind}: ${mistake}`
    failed.set(id, [...(failed.get(id) ?? []), ...(result === 'ok' ? [] : [name!])])
  }
  const expected = [...sinkMistakes.map((name) => `sink: ${name}`), ...sourceMistakes.map((name) => `source: ${name}`)]
  assert.deepEqual([...failed.keys()].sort(), expected.sort(), output)
  for (const [id, names] of failed) {
    if (id.endsWith(': nothing')) assert.deepEqual(names, [], output)
    else assert.notDeepEqual(names, [], `nothing finds "${id}"`)
  }
})
