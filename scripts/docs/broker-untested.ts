/** What no test of the broker can show on one machine, and what stands for it there. */
export const untested: readonly { readonly what: string; readonly why: string; readonly instead: string }[] = [
  {
    what: 'Power losses (`fsync`)',
    why: 'the machine would have to lose its power, thousands of times',
    instead: 'simulated disks that lose and tear what was not synced; SIGKILL on a real disk',
  },
  {
    what: 'A client that moves from broker to broker: leaders that change, NOT_LEADER_OR_FOLLOWER, replicas to read from',
    why: 'there is one node by design',
    instead: 'nothing: these answers are never given',
  },
  {
    what: 'Slow, lossy and partitioned networks',
    why: 'everything runs over loopback',
    instead: 'simulation with delays, drops, cuts and doubled requests; `broker.intercept`; silent and slow sockets',
  },
  {
    what: 'Clocks of several machines that disagree',
    why: 'one machine has one clock',
    instead: 'timestamps and tokens from the past and the future; a virtual clock in the simulation',
  },
  {
    what: 'Web consoles (AKHQ, kafbat, Redpanda Console)',
    why: 'none is published where a test could install it: npm, Maven Central, PyPI, Go modules, Debian',
    instead: "Kafka's own tools and Java's AdminClient ask what the consoles ask, compared with Apache Kafka",
  },
  {
    what: 'Other operating systems and processors',
    why: 'the tests run on Linux on x64',
    instead: 'nothing yet',
  },
]
