import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

/** Makes a process in which the native packages do not load, as on a platform without a binary. */
const preload = `data:text/javascript,${encodeURIComponent(`
  import Module from 'node:module'
  const load = Module._load
  Module._load = function (name, ...rest) {
    if (/crc32|snappy|lz4/.test(name)) throw new Error('no binary for this platform: ' + name)
    return load.call(this, name, ...rest)
  }
`)}`

const program = `
  import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
  const results = {}
  for (const compression of ['none', 'gzip', 'zstd', 'snappy', 'lz4']) {
    const builder = new RecordBatchBuilder({ compression })
    builder.append(1000, null, Buffer.from('value'))
    try {
      const view = new RecordBatchView(builder.build())
      results[compression] = view.isCrcValid() && view.cursor().next() && view.crc
    } catch (error) {
      results[compression] = error.code + ': ' + error.cause.message
    }
  }
  console.log(JSON.stringify(results))
`

test('without native packages all but snappy and lz4 works, and those two say why not', () => {
  const args = ['--conditions=source', '--import', preload, '--input-type=module', '--eval', program]
  const run = spawnSync(process.execPath, args, { cwd: import.meta.dirname, encoding: 'utf8' })
  assert.equal(run.status, 0, run.stderr)
  const { none, gzip, zstd, snappy, lz4 } = JSON.parse(run.stdout) as Record<string, unknown>
  for (const crc of [none, gzip, zstd]) assert.equal(typeof crc, 'number')
  assert.equal(snappy, 'PROTOCOL_UNSUPPORTED_COMPRESSION: no binary for this platform: snappy')
  assert.equal(lz4, 'PROTOCOL_UNSUPPORTED_COMPRESSION: no binary for this platform: lz4-napi')
})
