import { z } from 'zod'
import { isPermittedTransport } from '../../protocol/simple/upstream-base.ts'
import { duration } from '../units.ts'

/** What refuses a text never repeats it: it may hold a password. */
const databaseUrl = z.string().check(context => {
  const url = URL.parse(context.value)
  const isPostgres = url !== null && /^postgres(?:ql)?:$/.test(url.protocol)
  if (isPostgres && url.pathname.length > 1) return
  const message = isPostgres
    ? 'names no database: postgres://user:password@host:5432/database'
    : 'must be postgres://user:password@host:5432/database'
  context.issues.push({ code: 'custom', input: undefined, message })
})

const BUCKET = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/
const PARAMETERS = ['endpoint', 'region']

/** `s3://bucket/prefix?endpoint=…&region=…`; an endpoint means path style. Nothing of it is a secret. */
const bucketUrl = z.string().check(context => {
  const message = objectionTo(URL.parse(context.value))
  if (message !== undefined) context.issues.push({ code: 'custom', input: undefined, message })
})

function objectionTo(url: URL | null): string | undefined {
  if (url?.protocol !== 's3:' || !BUCKET.test(url.hostname))
    return 'must be s3://bucket/prefix?endpoint=https://…&region=…'
  if (url.username !== '' || url.password !== '')
    return 'holds credentials: name them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or as the SDK finds them'
  if (url.port !== '' || url.hash !== '') return 'must be s3://bucket/prefix?endpoint=https://…&region=…'
  const unknown = [...url.searchParams.keys()].find(name => !PARAMETERS.includes(name))
  if (unknown !== undefined) return `has the parameter ${unknown}; there are: ${PARAMETERS.join(', ')}`
  const endpoint = url.searchParams.get('endpoint')
  if (endpoint === null) return undefined
  const at = URL.parse(endpoint)
  if (at === null || !/^https?:$/.test(at.protocol)) return 'names an endpoint that is no http: or https: URL'
  return isPermittedTransport(at)
    ? undefined
    : 'names an endpoint that is neither https: nor http: on a loopback address'
}

/** Where what several gates share lies. */
export const storeSection = z
  .strictObject({
    database: databaseUrl
      .optional()
      .describe(
        'PostgreSQL for what is known, shared by every gate that names it: `postgres://user:password@host/database`, never logged or shown. Otherwise SQLite in the data folder',
      ),
    blobs: bucketUrl
      .optional()
      .describe(
        'a bucket for bytes, shared likewise: `s3://bucket/prefix?endpoint=…&region=…`; the data folder is a cache of it then. An endpoint means path style; credentials are `AWS_*`, or as the SDK finds them',
      ),
    max_stale: duration({ most: '1h' })
      .prefault('60s')
      .describe(
        'how long files that were admitted before go on being served while the database or the bucket is away; then 503 `unknown-store`. `0s` is never',
      ),
  })
  .prefault({})
