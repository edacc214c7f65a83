import { converterPlugins, headerConverterPlugins } from './converters/converters.ts'
import type { ConnectPlugins } from './runtime/worker/plugin-registry.ts'
import { clickHouseSinkPlugin } from './sinks/clickhouse/plugin.ts'
import { fileStreamSink } from './sinks/files/file-stream.ts'
import { httpSinkPlugin } from './sinks/http/plugin.ts'
import { confluentJdbcSink, debeziumJdbcSink } from './sinks/jdbc/plugins.ts'
import { fileLinesSource } from './sources/file/file-lines.ts'
import { pollingOutboxPlugin } from './sources/polling/plugin.ts'
import { postgresConnectorPlugin } from './sources/postgres/debezium/plugin.ts'
import { predicatePlugins, transformPlugins } from './transforms/plugins.ts'

/** Everything that comes with this package and that a config may name. */
export const builtInPlugins: ConnectPlugins = {
  connectors: [
    fileLinesSource,
    fileStreamSink,
    postgresConnectorPlugin,
    pollingOutboxPlugin,
    confluentJdbcSink,
    debeziumJdbcSink,
    clickHouseSinkPlugin,
    httpSinkPlugin,
  ],
  converters: converterPlugins,
  headerConverters: headerConverterPlugins,
  transforms: transformPlugins,
  predicates: predicatePlugins,
}

/**
 * These plugins and others: of two that answer to one name the later one is found.
 *
 * @example
 * const plugins = withPlugins(builtInPlugins, { connectors: [myConnector] })
 */
export function withPlugins(plugins: ConnectPlugins, more: Partial<ConnectPlugins>): ConnectPlugins {
  return {
    connectors: [...plugins.connectors, ...(more.connectors ?? [])],
    converters: [...plugins.converters, ...(more.converters ?? [])],
    headerConverters: [...plugins.headerConverters, ...(more.headerConverters ?? [])],
    transforms: [...plugins.transforms, ...(more.transforms ?? [])],
    predicates: [...plugins.predicates, ...(more.predicates ?? [])],
  }
}
