// guards: src/verify/trust/fetch.ts src/verify/trust/record.ts src/verify/trust/refresh-worker.ts
// guards: src/verify/trust/refresh.ts src/verify/trust/root-in-force.ts src/verify/trust/trusted-root.ts
// guards: src/verify/trust/trust-ca.ts src/verify/trust/tuf.ts
import { utimesSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { DEFAULT_MIRROR_URL } from '@sigstore/tuf'
import t, { type Test } from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import type { TrustOptions } from '../../../src/verify/trust/trust.ts'
import { serve, serveRaw } from '../../world/network/loopback.ts'
import { createTlsAuthority } from '../../world/network/tls-certificates.ts'
import { clockAt, DAY, FIRST, now, open, refusal, SECOND, SOON, WEEK } from './trust-opening.ts'
import { startTufRepository, type TufRepository } from './trust-repository.ts'

/** Lets nobody through. */
const refusingProxy = async (t: Test) => await serveRaw(t, socket => void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))

/** Answers with what stands elsewhere. */
function forwarding(to: (url: string) => string): RequestListener {
  return (request, response) => {
    void fetch(to(request.url ?? '')).then(async answer => {
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()))
    })
  }
}

// ---------------------------------------------------------------- refreshed

t.test('the trust root comes from the repository in the background and is then in force', async t => {
  const repository = await startTufRepository(t, FIRST)
  const { trust, events } = await open(t, repository)
  t.equal(trust.digest(), undefined, 'nothing was waited for')
  t.match(refusal(trust, now()), /never refreshed.*Allow the gate to reach the TUF repository of trust\.tuf_url/)
  await trust.settled()
  const { digest, json } = trust.fresh(now())
  t.equal(digest, trust.digest())
  t.same(JSON.parse(json).certificateAuthorities, JSON.parse(FIRST).certificateAuthorities)
  t.same(events.actions(), ['refreshed'])
  t.match(trust.status(now()), { source: 'tuf', digest, fresh: true, detail: /^refreshed 20/ })
  const { ageMs } = trust.status(now())
  t.ok(ageMs !== undefined && ageMs >= 0 && ageMs < DAY, 'the age can be read')
})

t.test('another trusted root is swapped in, and its digest is another', async t => {
  const repository = await startTufRepository(t, FIRST)
  const { trust, events } = await open(t, repository, { refreshEvery: SOON })
  await trust.settled()
  const before = trust.fresh(now())
  repository.publish({ trustedRoot: SECOND })
  while ((await events.next('refreshed')).digest === before.digest);
  t.same(JSON.parse(trust.fresh(now()).json).tlogs, JSON.parse(SECOND).tlogs)
  t.same(JSON.parse(before.json).tlogs, JSON.parse(FIRST).tlogs, 'who had the one before has it still')
})

t.test('the spelling of a trusted root does not change its digest', async t => {
  const repository = await startTufRepository(t, FIRST)
  const { trust, events } = await open(t, repository, { refreshEvery: SOON })
  await trust.settled()
  const before = trust.digest()
  repository.publish({ trustedRoot: JSON.stringify({ ...JSON.parse(FIRST), unheardOf: 1 }, null, 2) })
  await events.next('refreshed')
  await events.next('refreshed')
  t.equal(trust.digest(), before)
})

t.test('new keys are followed when the old ones certify them', async t => {
  const repository = await startTufRepository(t, FIRST)
  const { trust, events } = await open(t, repository, { refreshEvery: SOON })
  await trust.settled()
  const before = trust.digest()
  repository.rotate()
  repository.rotate()
  repository.publish({ trustedRoot: SECOND })
  while ((await events.next('refreshed')).digest === before);
  t.not(trust.digest(), before)
  t.ok(repository.paths().includes('/3.root.json'))
})

// ---------------------------------------------------------------- what keeps the old root in force

const REFUSED: Readonly<Record<string, readonly [break_: (repository: TufRepository) => void, reason: RegExp]>> = {
  'a timestamp that has expired': [it => it.publish({ trustedRoot: SECOND, expires: new Date(0) }), /Expired/],
  'an older version than was seen': [it => it.publish({ trustedRoot: SECOND, version: 1 }), /BadVersion/],
  'a target with a changed byte': [
    it => {
      it.publish({ trustedRoot: SECOND })
      it.tamper('.trusted_root.json', text => text.replace('rekor', 'rekos'))
    },
    /LengthOrHash/,
  ],
  'a timestamp with a changed byte': [
    it => {
      it.publish({ trustedRoot: SECOND })
      it.tamper('timestamp.json', text => text.replace(/"version":\d+,/, '"version":99,'))
    },
    /Unsigned/,
  ],
  'a new root that nobody certified': [
    it => {
      it.rotate()
      it.publish({ trustedRoot: SECOND })
      it.tamper('2.root.json', text => {
        const document = JSON.parse(text)
        return JSON.stringify({ ...document, signatures: document.signatures.slice(0, 1) })
      })
    },
    /Unsigned/,
  ],
  'a new root that one key signs twice': [
    it => {
      it.rotate()
      it.publish({ trustedRoot: SECOND })
      it.tamper('2.root.json', text => {
        const document = JSON.parse(text)
        const [own] = document.signatures
        return JSON.stringify({ ...document, signatures: [own, own] })
      })
    },
    /./,
  ],
  'a target that is no trusted root': [it => it.publish({ trustedRoot: '{"hello":"world"}' }), /unusable/],
  'a target that is not JSON': [it => it.publish({ trustedRoot: 'hello' }), /unusable/],
  'a target without CT logs': [
    it => it.publish({ trustedRoot: JSON.stringify({ ...JSON.parse(SECOND), ctlogs: [] }) }),
    /unusable/,
  ],
  'a repository that redirects': [
    it => {
      it.fault = 'redirects'
    },
    /./,
  ],
  'a repository out of reach': [
    it => {
      it.fault = 'gone'
    },
    /SOCKET|ECONN/,
  ],
}

for (const [name, [break_, reason]] of Object.entries(REFUSED))
  t.test(`${name}: the root before stays in force`, async t => {
    const repository = await startTufRepository(t, FIRST)
    // a second version, so that there is one to go back to
    repository.publish({})
    const { trust, events } = await open(t, repository, { refreshEvery: SOON })
    await trust.settled()
    const before = trust.digest()
    break_(repository)
    await events.next('failed')
    t.equal(trust.fresh(now()).digest, before)
    t.match(trust.status(now()), { fresh: true, detail: /the last attempt failed/ })
    t.match(/failed \((.*)\)/.exec(trust.status(now()).detail)?.[1], reason)
  })

t.test('a repository that was put right is followed again', async t => {
  const repository = await startTufRepository(t, FIRST)
  const { trust, events } = await open(t, repository, { refreshEvery: SOON })
  await trust.settled()
  repository.fault = 'gone'
  await events.next('failed')
  repository.fault = undefined
  await events.next('refreshed')
  t.match(trust.status(now()), { fresh: true, detail: /^refreshed [-0-9T:.Z]+$/ })
})

// ---------------------------------------------------------------- never yet, and too old

t.test('without a repository at the first start the answer says what to allow or pin', async t => {
  const repository = await startTufRepository(t, FIRST)
  repository.fault = 'gone'
  const { trust, events } = await open(t, repository)
  await trust.settled()
  t.equal(trust.digest(), undefined)
  t.match(
    refusal(trust, now()),
    /never refreshed; the last attempt failed .*Allow the gate to reach .*HTTPS_PROXY and upstream\.ca.*or pin a trusted_root\.json with trust\.root/,
  )
  t.notMatch(refusal(trust, now()), /127\.0\.0\.1/, 'the mirror’s address is not told to whoever asks')
  t.match(trust.status(now()), { fresh: false, digest: undefined, refreshed: undefined, ageMs: undefined })
  t.same(events.actions(), ['failed'])
})

t.test('Sigstore’s own repository is named, so that it can be allowed', async t => {
  // a proxy that knows nobody: no packet leaves this machine
  const proxy = await refusingProxy(t)
  const { trust } = await open(t, undefined, { environment: { HTTPS_PROXY: proxy.origin } })
  t.ok(refusal(trust, now()).includes(`Allow the gate to reach ${DEFAULT_MIRROR_URL} (`))
  await trust.settled()
  t.equal(trust.digest(), undefined)
})

t.test('out of reach later, the root stays in force until it is too old, and says so once', async t => {
  const repository = await startTufRepository(t, FIRST)
  const clock = clockAt(Date.now())
  const { trust, events } = await open(t, repository, { clock: clock.read, refreshEvery: SOON })
  await trust.settled()
  const refreshed = clock.at
  repository.fault = 'gone'
  await events.next('failed')
  // the refresh that was under way may have taken the place of the first
  const last = trust.status(clock.at).refreshed ?? refreshed
  t.ok(trust.fresh(instant(last + WEEK)), 'to the end of its last day')
  t.match(
    refusal(trust, instant(last + WEEK + 1)),
    /too old: .*longer ago than trust\.max_age \(168 h\); the last attempt failed/,
  )
  t.match(trust.status(instant(last + WEEK + 1)), { fresh: false, ageMs: WEEK + 1 })
  t.ok(trust.digest(), 'findings keep their key')
  t.equal(events.said.filter(({ action }) => action === 'stale').length, 1)
})

t.test('a clock that was set back does not make a root fresh', async t => {
  const repository = await startTufRepository(t, FIRST)
  const { trust } = await open(t, repository)
  await trust.settled()
  const { refreshed } = trust.status(now())
  if (refreshed === undefined) throw new Error('not refreshed')
  t.ok(trust.fresh(instant(refreshed - 4 * 60_000)), 'a few minutes are tolerated')
  t.match(refusal(trust, instant(refreshed - 6 * 60_000)), /set the clock right/)
  t.match(refusal(trust, instant(refreshed - 30 * DAY)), /set the clock right/)
})

t.test('an age that was once reached is not lost by setting the clock back', async t => {
  const repository = await startTufRepository(t, FIRST)
  const clock = clockAt(Date.now())
  const first = await open(t, repository, { clock: clock.read })
  await first.trust.settled()
  await first.trust.close()
  repository.fault = 'gone'
  // six days later the gate starts; then somebody sets the clock back to the first day
  const later = clockAt(clock.at + 6 * DAY)
  const { trust } = await open(t, repository, { clock: later.read, folder: first.folder })
  t.ok((trust.status(instant(clock.at + DAY)).ageMs ?? 0) >= 6 * DAY)
})

// ---------------------------------------------------------------- the way there

t.test('a repository behind TLS needs a certificate that the roots or upstream.ca vouch for', async t => {
  const authority = await createTlsAuthority('an operator’s own')
  const repository = await startTufRepository(t, FIRST)
  const tls = await authority.issue(['127.0.0.1'])
  const front = await serve(
    t,
    forwarding(url => `${repository.server.origin}${url}`),
    tls,
  )
  const strange = await open(t, repository, {
    tufUrl: front.origin,
    environment: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  })
  await strange.trust.settled()
  t.match(refusal(strange.trust, now()), /failed \([A-Z_]*(?:CERT|SIGNATURE|ISSUER)[A-Z_]*\)/)
  const known = await open(t, repository, { tufUrl: front.origin, ca: authority.ca, folder: t.testdir({}) })
  await known.trust.settled()
  t.ok(known.trust.fresh(now()))
})

t.test('HTTPS_PROXY is asked for a repository behind TLS', async t => {
  const repository = await startTufRepository(t, FIRST)
  const proxy = await refusingProxy(t)
  const { trust } = await open(t, repository, {
    tufUrl: 'https://tuf.invalid/mirror',
    environment: { https_proxy: proxy.origin },
  })
  await trust.settled()
  t.match(proxy.heads[0], /^CONNECT tuf\.invalid:443 HTTP\/1\.1\r\n/)
})

t.test('a repository below a path, as mirrors have it', async t => {
  const repository = await startTufRepository(t, FIRST)
  const mirror = await serve(
    t,
    forwarding(url => `${repository.server.origin}${url.replace('/sigstore/tuf/', '/')}`),
  )
  const { trust } = await open(t, repository, { tufUrl: `${mirror.origin}/sigstore/tuf/` })
  await trust.settled()
  t.ok(trust.fresh(now()))
  t.ok(mirror.requests.every(({ url }) => url.startsWith('/sigstore/tuf/')))
})

t.test('closing does not wait for a repository that hangs', async t => {
  const repository = await startTufRepository(t, FIRST)
  repository.fault = 'hangs'
  const { trust } = await open(t, repository)
  await trust.close()
  await trust.settled()
  t.equal(trust.digest(), undefined)
})

// ---------------------------------------------------------------- what an operator must put right

const WRONG: Readonly<Record<string, readonly [changes: Partial<TrustOptions>, detail: RegExp]>> = {
  'a mirror without its first root': [{ tufUrl: 'https://tuf.example' }, /trust\.tuf_root/],
  'a first root that is not there': [{ tufUrl: 'https://tuf.example', tufRoot: '/nowhere.json' }, /trust\.tuf_root/],
  'a mirror over plain HTTP': [{ tufUrl: 'http://tuf.example', tufRoot: import.meta.filename }, /trust\.tuf_url/],
  'a mirror with a password': [{ tufUrl: 'https://u:p@tuf.example', tufRoot: import.meta.filename }, /credentials/],
  'roots that are no certificates': [{ ca: 'hello' }, /upstream\.ca/],
  'a folder that cannot be made': [{ folder: import.meta.filename }, /cannot be made/],
  'a pinned file that is not there': [
    { root: { file: '/nowhere.json' } },
    /trust\.root: \/nowhere\.json cannot be read/,
  ],
  'a pinned file that is no trusted root': [{ root: { file: import.meta.filename } }, /no usable trusted_root\.json/],
}

for (const [name, [changes, detail]] of Object.entries(WRONG))
  t.test(`${name} stops the start`, async t => {
    await t.rejects(open(t, undefined, changes), { code: 'config-invalid', detail })
  })

t.test('a pinned file is in force whatever its age, which nobody takes from the time of the file', async t => {
  const folder = t.testdir({ 'root.json': FIRST })
  const file = join(folder, 'root.json')
  utimesSync(file, 1_700_000_000, 1_700_000_000)
  const { trust, events } = await open(t, undefined, { root: { file }, folder })
  await trust.settled()
  t.ok(trust.fresh(now()))
  t.match(trust.status(now()), {
    source: 'pinned',
    fresh: true,
    refreshed: undefined,
    ageMs: undefined,
    detail:
      /written here on 2023-11-14; how old the root is, is not known: its newest key is from \d{4}-\d{2}-\d{2}\. Nothing refreshes it/,
  })
  const { newestKey } = trust.status(now())
  utimesSync(file, 1_800_000_000, 1_800_000_000)
  const copied = await open(t, undefined, { root: { file }, folder })
  t.equal(copied.trust.status(now()).newestKey, newestKey, 'a copy is as old as what it was made of')
  t.match(events.said, [{ action: 'loaded', digest: trust.digest() }])
})

t.test('the embedded copy is used when it is named, and says what it is', async t => {
  const { trust, events } = await open(t, undefined, { root: 'embedded' })
  await trust.settled()
  t.match(trust.status(now()), { source: 'embedded', fresh: true, detail: /shipped with the libraries, for trials/ })
  t.match(events.said, [{ action: 'loaded', detail: /for trials/ }])
  t.ok(JSON.parse(trust.fresh(now()).json).certificateAuthorities.length > 0)
})
