import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dialectOf } from './jdbc-url.ts'

test('urls of JDBC drivers lead to dialects, with and without jdbc:', () => {
  const cases = [
    ['jdbc:postgresql://db:5432/orders?user=u&password=p', 'PostgreSQL'],
    ['postgres://db/orders', 'PostgreSQL'],
    ['jdbc:mysql://db:3306/orders', 'MySQL'],
    ['jdbc:mariadb://db/orders', 'MySQL'],
    ['jdbc:sqlite:/var/lib/orders.db', 'SQLite'],
  ]
  for (const [url, name] of cases) assert.equal(dialectOf('test', { url: url! }).name, name, url)
})

test('another database is refused without its url in the message, which may hold a password', () => {
  assert.throws(
    () => dialectOf('orders', { url: 'jdbc:oracle:thin:scott/tiger@db' }),
    (error: Error) => {
      assert.match(error.message, /connection\.url/)
      assert.doesNotMatch(error.message, /tiger/)
      return true
    },
  )
})
