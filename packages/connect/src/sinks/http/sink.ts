import { baseError, checkOptions, resolveLimits } from '@millrace/base/internal'
import type { TopicContract } from '@millrace/contracts'
import type { SinkConnector } from '../../runtime/connector.ts'
import { contractDecoder } from '../record-decoder.ts'
import { type HttpRecord, type HttpSinkOptions, httpLimits } from './sink-options.ts'
import { HttpSinkSession } from './sink-session.ts'

/**
 * Sends the records of a topic to a service, in order per partition, at least once: HTTP has no transaction that would hold
 * the offset, which is the consumer group's here. Requests carry an `Idempotency-Key`, by which the service can tell those
 * that come again.
 *
 * @example
 * httpSink(order, { url: 'https://billing.internal/orders/{key}', method: 'PUT', onTombstone: 'delete' })
 */
export function httpSink<K, V, KIn, VIn>(
  contract: TopicContract<K, V, KIn, VIn>,
  options: HttpSinkOptions<K, V>,
): SinkConnector {
  checkOptions(
    'httpSink',
    options,
    {
      name: 'string',
      url: 'string',
      method: { oneOf: ['POST', 'PUT', 'PATCH'] },
      headers: 'object',
      body: 'function',
      onTombstone: { oneOf: ['delete', 'skip', 'dead-letter'] },
      onBadRecord: { oneOf: ['dead-letter', 'fail'] },
      limits: 'object',
    },
    { required: ['url'] },
  )
  const name = options.name ?? `${contract.name}-to-http`
  if (!URL.canParse(options.url.replaceAll(/[{}]/g, '')) || !/^https?:/i.test(options.url)) {
    throw baseError(
      'CONFIG_INVALID_OPTION',
      'httpSink: `url` must be an address that begins with http:// or https://',
      {
        where: 'httpSink',
        option: 'url',
      },
    )
  }
  const { maxBatchRecords, requestTimeoutMs } = resolveLimits(`httpSink ${name}`, httpLimits, options.limits)
  const { partitions, config } = contract
  const { url, method = 'POST', headers = {}, onTombstone = 'dead-letter' } = options
  return {
    kind: 'sink',
    name,
    topics: [{ name: contract.name, ...(partitions !== undefined && { partitions }), ...(config && { config }) }],
    onBadRecord: options.onBadRecord ?? 'dead-letter',
    // The group's are the only ones.
    setOffsets: async () => {},
    open: async (context) =>
      new HttpSinkSession({
        name,
        url,
        method,
        headers,
        onTombstone,
        body:
          (options.body as ((record: HttpRecord<unknown, unknown>) => unknown) | undefined) ?? (({ value }) => value),
        maxBatchRecords: /\{(key|topic)\}/.test(url) ? 1 : maxBatchRecords,
        isList: maxBatchRecords > 1,
        requestTimeoutMs,
        decoder: contractDecoder(contract as never),
        context,
      }),
  }
}
