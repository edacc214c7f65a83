export type { KeptAs } from './core/dsl/kept-as.ts'
export type { Optimization } from './core/dsl/optimizations.ts'
export { topology } from './core/dsl/topology.ts'
export type { TypeMessage } from './core/dsl/type-error.ts'
export type {
  Callback,
  CogroupedKStream,
  EmitOptions,
  ForeignKeyJoinOptions,
  GlobalJoinOptions,
  GlobalKTable,
  GroupOptions,
  Initial,
  JoinOptions,
  KGroupedStream,
  KGroupedTable,
  KStream,
  KTable,
  NameOption,
  ProcessOptions,
  RepartitionOptions,
  RowOptions,
  SessionOptions,
  SessionWindowedKStream,
  StoreOptions,
  StreamJoinOptions,
  TimeWindowedKStream,
  WindowStoreOptions,
} from './core/dsl/types.ts'
export type {
  FillingProcessor,
  StreamOptions,
  TableOptions,
  TimeOption,
  Topology,
  TopologyNode,
  TopologyOptions,
} from './core/dsl/types-topology.ts'
export {
  type FailedRecord,
  type FailureDecision,
  type FailureHandler,
  type FailureHandlers,
  type FailureStage,
  failureHandlers,
} from './core/handlers.ts'
export type { JoinMiss } from './core/metrics/join-misses.ts'
export type {
  FixedKeyProcessorContext,
  FixedKeyProcessorSupplier,
  FixedKeyRecord,
  ForwardedRecord,
  ForwardOptions,
  ProcessingContext,
  ProcessorContext,
  ProcessorRecord,
  ProcessorSupplier,
  RecordProcessor,
  SourceOfRecord,
} from './core/processing/processor-api.ts'
export type { ProcessorAround, ProcessorWrapper, ProcessorWrapping } from './core/processing/processor-wrapper.ts'
export type { Cancellable, PunctuationOptions, PunctuationTime, Punctuator } from './core/processing/punctuations.ts'
export type { RecordContext } from './core/record-context.ts'
export { type WindowedSerde, windowedSerde } from './core/serdes/windowed-serde.ts'
export type { ByteRange, ByteStore, ByteStoreOptions, ByteWrite } from './core/stores/byte-store.ts'
export {
  keyValueStore,
  keyValueStoreWithHeaders,
  type StoreBuilder,
  type StoreBuilderOptions,
  sessionStore,
  sessionStoreWithHeaders,
  timestampedKeyValueStore,
  versionedStore,
  windowStore,
  windowStoreWithHeaders,
} from './core/stores/store-builders.ts'
export type {
  AllQuery,
  HeadersKeyValueStore,
  HeadersSessionStore,
  HeadersWindowStore,
  KeyValueStore,
  PutAt,
  SessionStore,
  TimestampedKeyValueStore,
  VersionedKeyValueStore,
  WindowStore,
  WithHeaders,
} from './core/stores/user-stores.ts'
export type {
  RangeQuery,
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyStore,
  ReadOnlyWindowStore,
  SessionEntry,
  SessionQuery,
  StoreEntry,
  Timestamped,
  WindowEntry,
} from './core/stores/views.ts'
export {
  type ExtractionTimes,
  type TimedRecord,
  type TimestampExtractor,
  timestampExtractors,
} from './core/time/timestamp-extractors.ts'
export type { StoreStorage } from './core/topology/store-kinds.ts'
export { type CalendarWindowOptions, calendarWindow } from './core/windows/calendar-window.ts'
export { type JoinWindows, type JoinWindowsOptions, joinWindows } from './core/windows/join-windows.ts'
export { type SessionWindowOptions, type SessionWindows, sessionWindow } from './core/windows/session-window.ts'
export { type SlidingWindowOptions, type SlidingWindows, slidingWindow } from './core/windows/sliding-window.ts'
export {
  type BufferBounds,
  type FinalResults,
  type TimeLimit,
  type TimeLimitOptions,
  untilTimeLimit,
  untilWindowCloses,
  type WindowCloseOptions,
} from './core/windows/suppression.ts'
export {
  type HoppingOptions,
  hopping,
  type TumblingOptions,
  tumbling,
  type UnlimitedOptions,
  unlimited,
  type Window,
  type Windowed,
  type Windows,
} from './core/windows/windows.ts'
export { streamsErrors } from './errors.ts'
export type {
  AssignmentInput,
  AssignmentMember,
  AssignmentTask,
  GroupAssignment,
  MemberTasks,
  RackAwareStrategy,
  TaskAssignor,
} from './runtime/assignment/group-model.ts'
export type { StreamsLimits } from './runtime/config.ts'
export type { BrokerSecurity } from './runtime/edge/broker-security.ts'
export { deleteState } from './runtime/edge/delete-state.ts'
export { type StartStreamsOptions, startStreams } from './runtime/edge/start-streams.ts'
export type { ApplicationModule, TopologySource } from './runtime/edge/threads/application-module.ts'
export type { StreamsState } from './runtime/instance-state.ts'
export { kafkaStreamsConfig } from './runtime/kafka-config/kafka-streams-config.ts'
export type { StreamsConfig } from './runtime/kafka-config/read-config.ts'
export type { ConfigValue } from './runtime/kafka-config/read-value.ts'
export { type OtelMeter, otelMetrics } from './runtime/otel-metrics.ts'
export type {
  ApplicationPicture,
  Flow,
  PictureEdge,
  PictureInstance,
  PictureNode,
  PictureStore,
  PictureSubtopology,
  PictureTask,
  PictureTopic,
  TopologyPicture,
} from './runtime/picture/topology-picture.ts'
export type { FailureReason, PartitionResult, StalenessBound } from './runtime/queries/partition-query.ts'
export { boundOf, mergePositions, type Position, type PositionBound } from './runtime/queries/position.ts'
export {
  keyQuery,
  multiVersionedKeyQuery,
  type Queryable,
  type QueryableKind,
  queryable,
  rangeQuery,
  type StateQuery,
  sessionKeyQuery,
  sessionRangeQuery,
  timestampedKeyQuery,
  timestampedRangeQuery,
  versionedKeyQuery,
  versionedRangeQuery,
  windowKeyQuery,
  windowRangeQuery,
} from './runtime/queries/state-query.ts'
export type { KeyMetadata, StoreInfo, StoreMetadata } from './runtime/queries/store-catalog.ts'
export type { StoreChange, StoreChanges } from './runtime/queries/store-changes.ts'
export type { StoreLag } from './runtime/queries/store-lags.ts'
export type {
  QueryOptions,
  StateQueryResult,
  StoreQueries,
  StoreRange,
  WindowBounds,
} from './runtime/queries/store-queries.ts'
export type { StreamsMember } from './runtime/reset/group-members.ts'
export { applyReset, planReset, type ResetOptions, type ResetPlan } from './runtime/reset/reset-application.ts'
export type { ResetOffset, ResetTarget } from './runtime/reset/reset-target.ts'
export type { RestoreListener, StandbyUpdateListener, StoreChangelog } from './runtime/restore-events.ts'
export type { StreamsInstance } from './runtime/streams-runtime.ts'
export type { UncaughtDecision, UncaughtHandler } from './runtime/threads/thread-set.ts'
