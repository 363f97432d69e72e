import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import type { Revocation } from '../../../src/domain/policy/revocation.ts'
import { claimOf, revoked } from '../../../src/gate/notices/revoked.ts'
import type { Download } from '../../../src/gate/records/downloads.ts'

const NOW = instant(Date.UTC(2027, 0, 2, 9, 30))
const FILE = { filename: 'demo-1.0.tar.gz', sha256: sha256Of('demo') }

function revocation(reason: string): Revocation {
  return { ref: { id: 'revoked[0]', file: 'p.yaml', line: 4 }, what: { kind: 'sha256', sha256: FILE.sha256 }, reason }
}

function download(subject: string | undefined, client: string): Download {
  const base = {
    index: 'main',
    source: undefined,
    project: 'demo',
    ...FILE,
    verdict: 'admitted',
    rule: undefined,
    first: NOW,
    last: NOW,
  }
  return { subject, client, requests: 2, ...base }
}

t.test('what is revoked is told with how many have got it', t => {
  const one = revocation('stolen token')
  const downloads = [
    download('token:ci', '192.0.2.1'),
    download('token:ci', '192.0.2.2'),
    download('anonymous', '192.0.2.3'),
  ]
  const notice = revoked(
    { index: 'main', revocations: [one] },
    [{ revocation: one, files: [{ ...FILE, held: true }], downloads }],
    NOW,
  )
  t.match(notice, {
    type: 'revoked',
    title: `sha256 ${FILE.sha256} is revoked`,
    text: /stolen token\): 1 file known; 2 clients got it, 6 times, last 2027-01-02 09:30 UTC\nportcullis revocations show/,
    data: { index: 'main', revocations: 1, place: 'p.yaml:4', files: 1, holders: 2, downloads: 6 },
  })
  const none = revoked({ index: 'main', revocations: [one] }, [{ revocation: one, files: [], downloads: [] }], NOW)
  t.match(none, { text: /0 files known, and nobody got any of it here/, data: { holders: 0, downloads: 0 } })
  const unread = revoked({ index: 'main', revocations: [one] }, undefined, NOW)
  t.match(unread, { text: /could not be read/, data: { holders: null, downloads: null, files: null } })
  t.end()
})

t.test('many at once are one notice, and each is one story for good', t => {
  const many = Array.from({ length: 12 }, (_, at) => revocation(`reason ${at}`))
  const notice = revoked({ index: 'main', revocations: many }, [], NOW)
  t.match(notice, { title: '12 revocations came into force', text: /\nand 2 more\n/ })
  const keys = many.map(one => claimOf('main', one, NOW).key)
  t.equal(new Set([...keys, claimOf('other', many[0] ?? revocation(''), NOW).key]).size, 13)
  t.equal(claimOf('main', revocation('reason 0'), NOW).key, keys[0])
  t.end()
})
