import t from 'tap'
import { looksLikeJwt, readCredentials } from '../../../src/http/access/credentials.ts'

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`

t.test('the secret is the password, or the user name where that is empty or the user name is a token', async t => {
  for (const [field, secret] of [
    [basic('__token__:pcl_x'), 'pcl_x'],
    [basic('anybody:pcl_x'), 'pcl_x'],
    [basic(':pcl_x'), 'pcl_x'],
    [basic('pcl_x:'), 'pcl_x'],
    [basic('pcl_x:y'), 'pcl_x'],
    [basic('pcl_x:eyJ9.e30.'), 'pcl_x'],
    [basic('pcl_x:pcl_y'), 'pcl_y'],
    [basic('pcl:y'), 'y'],
    [basic('a:b:c'), 'b:c'],
    [basic('ä:ö'), 'ö'],
    [basic('a:b').replace(/=+$/, ''), 'b'],
    [`basic ${basic('a:b').slice(6)}`, 'b'],
    ['Bearer pcl_x', 'pcl_x'],
    ['bearer   pcl_x ', 'pcl_x'],
  ] as const)
    t.strictSame(readCredentials(field), { kind: 'secret', secret }, field)
  t.strictSame(readCredentials(undefined), { kind: 'none' })
})

t.test('what is no credential of ours cannot be read', async t => {
  for (const field of [
    '',
    'Basic',
    'Basic ',
    'Bearer',
    basic('nocolon'),
    basic(':'),
    'Basic a:b',
    'Basic a b',
    'Digest x',
    'pcl_x',
  ])
    t.strictSame(readCredentials(field), { kind: 'unreadable' }, field)
})

t.test('a JWT has three parts', async t => {
  t.ok(looksLikeJwt('eyJhbGciOiJub25lIn0.eyJ9.'))
  for (const text of ['', 'eyJ', 'eyJ.a', 'a.b.c', 'eyJ.a.b.c', 'eyJ.a b.c', 'pcl_eyJ.a.b'])
    t.notOk(looksLikeJwt(text), text)
})
