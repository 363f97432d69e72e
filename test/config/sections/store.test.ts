import t from 'tap'
import { loadConfig } from '../../../src/config/load.ts'
import { secretsOf } from '../../../src/config/secrets.ts'
import { showConfig } from '../../../src/config/show.ts'
import { Secrets } from '../../../src/domain/base/secrets.ts'
import { load, wrong } from '../loaded-config.ts'

const DATABASE = 'postgres://gate:pass-word@db.example:5432/portcullis'

t.test('nothing is shared unless somebody says so', async t => {
  t.strictSame(load(t, undefined).config.store, { database: undefined, blobs: undefined, maxStale: 60_000 })
})

t.test('a database is PostgreSQL, by URL, and has a name', async t => {
  for (const url of [DATABASE, 'postgresql://db.example/x', 'postgres:///x?host=/run/postgresql'])
    t.equal(load(t, `store: { database: "${url}" }\n`).config.store.database, url)
  for (const url of ['mysql://db.example/x', 'postgres://db.example', 'portcullis'])
    t.match(wrong(t, `store: { database: "${url}" }\n`), [/store\.database: (?:must be|names no database)/], url)
})

t.test('its password is neither told nor shown', async t => {
  const [told] = wrong(t, 'store: { database: "mysql://gate:pass-word@db.example/x" }\n')
  t.notMatch(told, /pass-word/)
  const loaded = load(t, `store: { database: "${DATABASE}" }\n`)
  t.equal(showConfig(loaded).find(({ key }) => key === 'store.database')?.value, '***')
  t.equal(new Secrets(secretsOf(loaded.config, {})).clean('no pass-word here'), 'no *** here')
})

t.test('each may be in a file that a variable names, as text', async t => {
  const folder = t.testdir({ database: `${DATABASE}\n`, blobs: 's3://bucket/prefix\n', stale: '0s\n' })
  const environment = {
    PORTCULLIS_STORE_DATABASE_FILE: 'database',
    PORTCULLIS_STORE_BLOBS_FILE: 'blobs',
    PORTCULLIS_STORE_MAX_STALE_FILE: 'stale',
  }
  const { config } = loadConfig({ flags: {}, file: undefined, environment, folder })
  t.strictSame(config.store, { database: DATABASE, blobs: 's3://bucket/prefix', maxStale: 0 })
})

t.test('a bucket has a name, and says where it is and nothing else', async t => {
  for (const url of ['s3://bucket', 's3://bucket/a/b?endpoint=http://127.0.0.1:9000&region=eu-central-1'])
    t.equal(load(t, `store: { blobs: "${url}" }\n`).config.store.blobs, url)
  const refused = {
    'https://bucket/': /must be s3/,
    's3://B_/x': /must be s3/,
    's3://key:secret@bucket/x': /holds credentials/,
    's3://bucket/x?acl=public': /has the parameter acl/,
    's3://bucket/x?endpoint=ftp://x': /endpoint/,
    's3://bucket/x?endpoint=http://s3.example': /neither https: nor http: on a loopback/,
    's3://bucket/x?endpoint=http://10.0.0.1:9000': /neither https: nor http: on a loopback/,
  }
  for (const [url, why] of Object.entries(refused)) t.match(wrong(t, `store: { blobs: "${url}" }\n`), [why], url)
})
