import assert from 'node:assert/strict'
import test from 'node:test'
import type { BrokerStorage, FileRange } from '../../src/core/storage/storage.ts'

const text = (bytes: Buffer | undefined): string | undefined => bytes?.toString()

/** What every storage must do, whatever it keeps its bytes in. */
export function registerStorageTests(name: string, open: () => { storage: BrokerStorage; dispose: () => void }): void {
  const check = (what: string, run: (storage: BrokerStorage) => void | Promise<void>): void => {
    test(`${name}: ${what}`, async () => {
      const { storage, dispose } = open()
      try {
        await run(storage)
      } finally {
        storage.close()
        dispose()
      }
    })
  }

  check('a file is created with its folders at the first append', (storage) => {
    const file = storage.open('a/b/log')
    assert.equal(file.size, 0)
    assert.deepEqual(storage.list(''), [])
    file.append(Buffer.from('one'))
    assert.deepEqual(storage.list('a'), ['b'])
    assert.equal(text(storage.readFile('a/b/log')), 'one')
  })

  check('reads are at positions and end with the file', (storage) => {
    const file = storage.open('log')
    for (let index = 0; index < 2000; index++) file.append(Buffer.from(String(index).padStart(5, '0')))
    assert.equal(file.size, 10_000)
    assert.equal(text(file.readAt(5 * 1234, 10)), '0123401235')
    assert.equal(text(file.readAt(9_995, 100)), '01999')
    assert.equal(file.readAt(10_000, 5).length, 0)
    const whole = file.readAt(0, 20_000)
    assert.equal(whole.length, 10_000)
    assert.equal(text(whole.subarray(-5)), '01999')
  })

  check('what was read stays as it was after a truncation and an append', (storage) => {
    const file = storage.open('log')
    file.append(Buffer.from('onetwo'))
    const read = file.readAt(0, 6)
    file.truncate(3)
    file.append(Buffer.from('xyz!'))
    assert.equal(text(read), 'onetwo')
    assert.equal(text(file.readAt(0, 10)), 'onexyz!')
    assert.equal(file.size, 7)
  })

  check('a file is the same after it was closed and opened again', (storage) => {
    const file = storage.open('log')
    file.append(Buffer.from('one'))
    file.close()
    file.append(Buffer.from('two'))
    assert.equal(storage.open('log').size, 6)
    assert.equal(text(file.readAt(2, 3)), 'etw')
  })

  check('sync calls back', (storage) => {
    const file = storage.open('log')
    file.append(Buffer.from('one'))
    return new Promise<void>((resolve, reject) => file.sync((error) => (error ? reject(error) : resolve())))
  })

  check('a file is replaced as a whole', (storage) => {
    storage.replaceFile('meta/state', Buffer.from('old and long'))
    storage.replaceFile('meta/state', Buffer.from('new'))
    assert.equal(text(storage.readFile('meta/state')), 'new')
    assert.deepEqual(storage.list('meta'), ['state'])
  })

  check('deleting takes a folder with all that is in it, and nothing beside it', (storage) => {
    for (const path of ['logs/1/0/log', 'logs/1/1/log', 'logs/10/0/log']) storage.open(path).append(Buffer.from('x'))
    storage.delete('logs/1')
    assert.deepEqual(storage.list('logs'), ['10'])
    assert.equal(storage.open('logs/1/0/log').size, 0)
    storage.delete('logs/nothing')
  })

  check('renaming moves a file over another', (storage) => {
    storage.open('new').append(Buffer.from('new'))
    storage.open('old').append(Buffer.from('old'))
    storage.rename('new', 'old')
    assert.equal(text(storage.readFile('old')), 'new')
    assert.equal(storage.readFile('new'), undefined)
  })

  check('a range stays readable when its file is deleted, replaced, or closed for others', (storage) => {
    const log = storage.open('logs/1/log')
    log.append(Buffer.from('one two three'))
    if (!log.range) return
    const [first, second, third] = [log.range(0, 3), log.range(4, 3), log.range(8, 5)]
    const read = (range: FileRange): string => {
      const target = Buffer.alloc(100)
      return target.toString('latin1', 0, range.readInto(target, 0))
    }
    log.close()
    assert.equal(read(first), 'one')
    storage.open('new').append(Buffer.from('another'))
    storage.rename('new', 'logs/1/log')
    assert.equal(read(second), 'two')
    storage.delete('logs')
    assert.equal(read(third), 'three')
    for (const range of [first, second, third]) range.release()
    assert.equal(first.readInto(Buffer.alloc(3), 0), 0)
    assert.deepEqual(storage.list('logs'), [])
  })

  check('what does not exist is empty', (storage) => {
    assert.equal(storage.readFile('nothing'), undefined)
    assert.deepEqual(storage.list('nothing'), [])
    assert.equal(storage.open('nothing').readAt(0, 10).length, 0)
    storage.open('nothing').truncate(0)
  })
}
