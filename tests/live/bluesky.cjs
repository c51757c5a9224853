// A whole Bluesky network (PLC, PDS, AppView) on loopback, for test_live_bluesky.py.
// Wants DB_POSTGRES_URL, REDIS_HOST, STURMGLAS_LIVE and PDS_PORT.
const { createRequire } = require('node:module')
const path = require('node:path')

const installed = createRequire(path.join(process.env.STURMGLAS_LIVE, 'bluesky', 'x.js'))
const { TestNetwork } = installed('@atproto/dev-env')

TestNetwork.create({
  // letters only; another one per run, as the network leaves its tables behind
  dbPostgresSchema: `live_${[...String(process.pid)].map((d) => 'abcdefghij'[d]).join('')}`,
  pds: { port: Number(process.env.PDS_PORT) },
}).then((network) => {
  console.log('ready', network.pds.url, network.bsky.url)
  process.on('SIGTERM', () => network.close().then(() => process.exit(0)))
})
