import { castPlugins } from './cast.ts'
import { byLogicalTableRouter } from './debezium/by-logical-table-router.ts'
import { enforceRecordSize } from './debezium/enforce-record-size.ts'
import { extractNewRecordState } from './debezium/extract-new-record-state.ts'
import { headerToValue } from './debezium/header-to-value.ts'
import { partitionRouting } from './debezium/partition-routing.ts'
import { contentBasedRouter, scriptFilter } from './debezium/scripting.ts'
import { timezoneConverter } from './debezium/timezone-converter.ts'
import { extractFieldPlugins } from './extract-field.ts'
import { filter } from './filter.ts'
import { flattenPlugins } from './flatten.ts'
import { dropHeaders, headerFromPlugins, insertHeader } from './headers.ts'
import { hoistFieldPlugins } from './hoist-field.ts'
import { insertFieldPlugins } from './insert-field.ts'
import { maskFieldPlugins } from './mask-field.ts'
import { eventRouter } from './outbox/event-router.ts'
import { hasHeaderKey, recordIsTombstone, topicNameMatches } from './predicates.ts'
import { replaceFieldPlugins } from './replace-field.ts'
import { regexRouter, timestampRouter } from './routers.ts'
import { setSchemaMetadataPlugins } from './set-schema-metadata.ts'
import { timestampConverterPlugins } from './timestamp-converter.ts'
import type { PredicatePlugin, TransformPlugin } from './transform.ts'
import { valueToKey } from './value-to-key.ts'

/** The transforms that configs may name. */
export const transformPlugins: readonly TransformPlugin[] = [
  ...castPlugins,
  dropHeaders,
  eventRouter,
  ...extractFieldPlugins,
  filter,
  ...flattenPlugins,
  ...headerFromPlugins,
  ...hoistFieldPlugins,
  ...insertFieldPlugins,
  insertHeader,
  ...maskFieldPlugins,
  regexRouter,
  ...replaceFieldPlugins,
  ...setSchemaMetadataPlugins,
  ...timestampConverterPlugins,
  timestampRouter,
  valueToKey,
  extractNewRecordState,
  byLogicalTableRouter,
  partitionRouting,
  headerToValue,
  enforceRecordSize,
  timezoneConverter,
  scriptFilter,
  contentBasedRouter,
]

/** The predicates that configs may name. */
export const predicatePlugins: readonly PredicatePlugin[] = [hasHeaderKey, recordIsTombstone, topicNameMatches]
