import { resolve } from 'node:path'
import { z } from 'zod'
import { addressRange, frontField, frontLocation, listenAddress, nameGlob, publicUrl, upstreamUrl } from './address.ts'
import { pathBelow, pathText, upstreamAuth } from './parts.ts'
import { accessSection, flag } from './sections/access.ts'
import { type ConsoleSettings, consoleSection } from './sections/console.ts'
import { notifySection } from './sections/notify.ts'
import { storeSection } from './sections/store.ts'
import { tlsSection } from './sections/tls.ts'
import { vsaSection } from './sections/vsa.ts'
import { indexesSection, sourcesSection } from './sources-schema.ts'
import { count, duration, size } from './units.ts'

/** Only what the environment, the JSON Schema and the documentation have to know beyond the schema. */
interface Note {
  /** the default in words, where it is no plain value */
  readonly otherwise: string
}

export const NOTES = z.registry<Note>()

/** The path of a trusted root, or a word for one that has no path. */
function trustRootBelow(folder: string) {
  return z.codec(pathText, z.string(), {
    decode: text => (text === 'tuf' || text === 'embedded' ? text : resolve(folder, text)),
    encode: root => root,
  })
}

function upstreamSection(folder: string) {
  return z
    .strictObject({
      index: upstreamUrl
        .refine(url => !url.endsWith('/simple'), {
          error: 'leave out /simple: the gate adds /simple/ and /pypi/ itself',
        })
        .prefault('https://pypi.org')
        .describe(
          'serves `/simple/` and `/pypi/`; a path prefix is allowed. `http:` only on loopback addresses, here and below',
        ),
      files: z
        .array(upstreamUrl)
        .min(1)
        .prefault(['https://files.pythonhosted.org'])
        .describe('the only places that file bytes may come from; a path holds for files, `.metadata` and redirects'),
      integrity: upstreamUrl
        .optional()
        .describe(
          'serves `/integrity/` (PEP 740). Name one where the index has none: many company mirrors serve files only',
        )
        .register(NOTES, { otherwise: '`upstream.index`' }),
      auth: upstreamAuth
        .prefault({})
        .describe(
          'by origin: `{ username, password }` or `{ token }`; never sent to another origin, never logged or shown. In the environment: the same mapping as YAML or JSON',
        ),
      ca: pathBelow(folder)
        .optional()
        .describe('PEM bundle of certificate authorities to trust besides the usual ones'),
      timeout: duration({ least: '100ms', most: '10m' })
        .prefault('10s')
        .describe('until the headers of one answer; bodies have a limit of their own on silence'),
    })
    .prefault({})
}

function trustSection(folder: string) {
  return z
    .strictObject({
      root: trustRootBelow(folder)
        .prefault('tuf')
        .describe(
          '`tuf`: Sigstore’s, refreshed in the background; `embedded`: the copy shipped with the libraries, for trials; or the path of a `trusted_root.json`, pinned',
        ),
      tuf_url: upstreamUrl.optional().describe('a mirror of Sigstore’s TUF repository; needs `trust.tuf_root`'),
      tuf_root: pathBelow(folder).optional().describe('the `root.json` to start from at `trust.tuf_url`'),
      max_age: duration({ least: '1m' })
        .prefault('7d')
        .describe(
          'with `tuf`: how long ago the last successful refresh may be; older, or never yet, is 503 `unknown-trust`',
        ),
    })
    .prefault({})
}

const indexSection = z
  .strictObject({
    mode: z
      .enum(['list', 'annotate', 'hide'])
      .prefault('list')
      .describe('what resolvers see of refused files; the file door decides the same in each'),
    max_age: duration({ most: '10m' })
      .prefault('60s')
      .describe('a remembered page older than this is revalidated before a page or a file is answered; at most `10m`'),
    max_stale: duration()
      .prefault('1h')
      .describe(
        'how long after its last validation a page may stand in while the upstream cannot answer, or cannot be asked for want of a place; `0s` is never',
      ),
    internal: z
      .array(nameGlob)
      .prefault([])
      .describe('names and name globs that are never asked upstream on any path: 404 `internal`'),
  })
  .prefault({})

const filesSection = z
  .strictObject({
    spool: size()
      .prefault('16MiB')
      .describe(
        'up to this size a new file is checked whole before its first byte leaves; above, it streams with its last chunk withheld',
      ),
    max_size: size().prefault('5GiB').describe('larger files are refused as `too-large`'),
    cache: size()
      .prefault('50GiB')
      .describe('what files may take, those that come in included; the least recently used go first'),
    metadata: z
      .enum(['promised', 'verified'])
      .prefault('promised')
      .describe(
        '`promised`: `.metadata` leaves once it has the index’s digest and is core metadata of exactly that release; `verified`: only after the wheel was fetched and holds the same bytes, which makes every resolution a download, and the JSON API says no dependencies',
      ),
    client_cache: z
      .enum(['revalidate', 'forbid'])
      .prefault('revalidate')
      .describe('`revalidate`: clients keep files and ask before they use them; `forbid`: `no-store`, they keep none'),
    accel: z
      .strictObject({
        header: frontField
          .prefault('X-Accel-Redirect')
          .describe('the field that tells the front of `trust_proxy` which stored file to send itself'),
        location: frontLocation
          .optional()
          .describe(
            'the front’s internal location of `<data>/blobs`, such as `/_blobs/`: an admitted file that is stored is answered without a body, for the front to send. Needs `trust_proxy`; stored files are readable by the gate’s group then',
          )
          .register(NOTES, { otherwise: 'none: the gate sends every file itself' }),
      })
      .prefault({}),
  })
  .prefault({})

const findingsSection = z
  .strictObject({
    negative_ttl: duration()
      .prefault('10m')
      .describe('how long `unattested` and refusals by proof are remembered before they are asked again'),
  })
  .prefault({})

const journalSection = z
  .strictObject({
    keep: duration({ least: '1m' }).prefault('400d').describe('how long verdicts stay in the journal'),
    max_size: size()
      .prefault('4GiB')
      .describe('what the journal may take; above, the oldest verdicts go first, and what went is counted and told'),
  })
  .prefault({})

const metricsSection = z
  .strictObject({
    open: flag
      .prefault(false)
      .describe(
        '`/metrics` for everybody. Otherwise it takes a token of scope `metrics` (`portcullis token create --scope metrics`) where `access.anonymous` is false for an index',
      ),
  })
  .prefault({})

const limitsSection = z
  .strictObject({
    connections: count()
      .prefault(4_096)
      .describe('connections of clients, all together; those beyond are not accepted'),
    connections_per_address: count()
      .prefault(1_024)
      .describe(
        'connections of one address, of IPv6 those of one /64; those beyond are reset. Addresses of `trust_proxy` may have more: their connections are many clients’',
      ),
  })
  .prefault({})

const logSection = z
  .strictObject({
    level: z
      .enum(['debug', 'info', 'warn', 'error'])
      .prefault('info')
      .describe('`info` has one line for each verdict and each request; `warn` only what needs somebody'),
    format: z.enum(['json', 'text']).prefault('json').describe('`text` is for people'),
  })
  .prefault({})

/**
 * The configuration as one writes it, and as the program reads it: type, validation, JSON Schema and the reference's table
 * all come from here. Relative paths resolve against `folder`.
 */
export function configSchema(folder: string): ConfigSchema {
  const known = made?.folder === folder ? made.schema : makeSchema(folder)
  made = { folder, schema: known }
  return known
}

type ConfigSchema = ReturnType<typeof makeSchema>

/** The last one: whoever reads a configuration asks for the same again and again. */
let made: { readonly folder: string; readonly schema: ConfigSchema } | undefined

function makeSchema(folder: string) {
  const path = pathBelow(folder)
  return z.strictObject({
    listen: listenAddress
      .prefault('127.0.0.1:8080')
      .describe('host:port or [::1]:port; port 0 lets the system choose one, and the log names it'),
    public_url: publicUrl
      .optional()
      .describe('where clients find the gate; a path prefix is allowed. Every URL in pages is built from it')
      .register(NOTES, {
        otherwise: 'none: file URLs are relative, `provenance` is left out, other URLs use `listen`',
      }),
    data: path.prefault('./data').describe('folder for the database, stored files and the trust root’s cache'),
    offline: flag
      .prefault(false)
      .describe(
        'serve only what a mirror holds (`portcullis mirror import`), with no upstream and not a packet outward; needs a pinned `trust.root`',
      ),
    policy: z
      .array(path)
      .min(1)
      .optional()
      .describe('policy files, or folders of them, read as one policy')
      .register(NOTES, { otherwise: 'the shipped `policies/starter.yaml`, which start-up names' }),
    trust_proxy: z
      .array(addressRange)
      .prefault([])
      .describe(
        'addresses and ranges (CIDR) whose X-Forwarded-For is believed, for the client in the journal, and to whom `files.accel` leaves files',
      ),
    upstream: upstreamSection(folder),
    sources: sourcesSection(folder)
      .optional()
      .describe(
        'several upstreams by name, instead of `upstream`: of each `index`, `files`, `integrity`, `auth` (`{ username, password }` or `{ token }`), `ca`, `timeout`, `owns` (names that are asked of it alone, in every index) and `only` (all that it is ever asked)',
      )
      .register(NOTES, { otherwise: 'none: one source, `upstream`' }),
    indexes: indexesSection(folder)
      .optional()
      .describe(
        'several indexes by name, each at a `path` of its own, with its `sources` in the order in which they are asked about a name that nobody owns; its own `policy`, `mode` and `access`, where it names them',
      )
      .register(NOTES, { otherwise: 'one, `main`, at `/`, with every source in the order written' }),
    access: accessSection(folder),
    tls: tlsSection(folder, { key: 'tls', speaker: 'the gate' }),
    trust: trustSection(folder),
    index: indexSection,
    files: filesSection,
    findings: findingsSection,
    journal: journalSection,
    store: storeSection,
    notify: notifySection(folder)
      .prefault([])
      .describe(
        'webhooks that are told what happens (docs/how-to/notify.md), each `{ url, secret_file, events, template, ca }`: `secret_file` holds `whsec_…`, several apart by spaces while one takes the place of another; `events` are `refused`, `alarm`, `held`, `requested`, `approved`, `declined`, `withdrawn`, `expiring`, `reload-failed`, `trust-ageing` (default: all); `template` is `standard`, `slack` or `teams`. In the environment: the same list as YAML or JSON',
      ),
    console: consoleSection(folder),
    vsa: vsaSection(folder),
    limits: limitsSection,
    metrics: metricsSection,
    log: logSection,
  })
}

type Written = z.output<ReturnType<typeof configSchema>>

type CamelCase<Key> = Key extends `${infer First}_${infer Rest}` ? `${First}${Capitalize<CamelCase<Rest>>}` : Key
type CamelKeys<Section> = { readonly [Key in keyof Section as CamelCase<Key>]: Section[Key] }
type Frozen<Value> = Value extends readonly (infer Item)[] ? readonly Item[] : Value
type FrozenValues<Section> = { readonly [Key in keyof Section]: Frozen<Section[Key]> }
type Shape = ReturnType<typeof configSchema>['shape']
type SectionName = { [Name in keyof Shape]: Shape[Name] extends z.ZodPrefault<z.ZodObject> ? Name : never }[keyof Shape]
type Sections = { readonly [Name in SectionName]: FrozenValues<CamelKeys<Written[Name]>> }
type Settled<Value, Key extends keyof Value> = Omit<Value, Key> & { readonly [Name in Key]-?: NonNullable<Value[Name]> }

/** The merged configuration: keys in camel case, paths absolute, times in milliseconds, sizes in bytes. */
export type Config = Settled<FrozenValues<CamelKeys<Omit<Written, SectionName>>>, 'policy'> &
  Omit<Sections, 'upstream' | 'console'> & {
    readonly upstream: Settled<Sections['upstream'], 'integrity'>
    readonly console: ConsoleSettings
  }
