import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pages } from './pages.ts'

const root = join(import.meta.dirname, '../..')

test('the generated pages of the documentation say what the code says', async () => {
  for (const { path, text } of await pages(root)) {
    assert.ok(readFileSync(join(root, path), 'utf8') === text, `${path} is old: run npm run generate`)
  }
})
