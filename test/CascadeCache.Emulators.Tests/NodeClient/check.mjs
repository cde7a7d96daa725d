// Exercises the emulator at DATASTORE_EMULATOR_HOST with Google's own client: one line per check, exit code 1 when one fails.
import assert from 'node:assert/strict';
import { Datastore, PropertyFilter, and, or } from '@google-cloud/datastore';

const projectId = 'node-check';
const datastore = new Datastore({ projectId });
const NOT_FOUND = 5, ALREADY_EXISTS = 6, INVALID_ARGUMENT = 3, ABORTED = 10;
let failures = 0;

async function check(name, body) {
  try {
    await body();
    console.log(`ok   ${name}`);
  } catch (error) {
    failures++;
    console.log(`FAIL ${name}: ${error.stack ?? error}`);
  }
}

const key = (...path) => datastore.key(path);
const names = entities => entities.map(entity => entity[datastore.KEY].name);
const get = async (...args) => (await datastore.get(...args))[0];
const rejectsWith = (promise, code) => assert.rejects(promise, error => {
  assert.equal(error.code, code, error.message);
  return true;
});

await check('save and get every type', async () => {
  const inner = key('Inner', 'one');
  const data = {
    text: 'žluťoučký 🐎', whole: 42, real: datastore.double(1.5), yes: true, nothing: null, when: new Date('2024-02-29T12:00:00.123Z'),
    bytes: Buffer.from([0, 1, 255]), place: datastore.geoPoint({ latitude: 50.1, longitude: 14.4 }), list: ['a', 2, null],
    nested: { deep: { deeper: 'x' } }, link: inner, empty: [],
  };
  await datastore.save({ key: key('All', 'types'), data });
  const read = await get(key('All', 'types'));
  assert.equal(read.text, data.text);
  assert.equal(read.whole, 42);
  assert.equal(read.real, 1.5);
  assert.equal(read.yes, true);
  assert.equal(read.nothing, null);
  assert.deepEqual(read.when, data.when);
  assert.deepEqual(read.bytes, data.bytes);
  assert.deepEqual(read.place, { latitude: 50.1, longitude: 14.4 });
  assert.deepEqual(read.list, ['a', 2, null]);
  assert.deepEqual(read.nested, { deep: { deeper: 'x' } });
  assert.equal(read.link.name, 'one');
  assert.deepEqual(read.empty, []);
});

await check('get of a missing entity', async () => assert.equal(await get(key('All', 'absent')), undefined));

await check('get of several', async () => {
  await datastore.save(['a', 'b'].map(name => ({ key: key('Several', name), data: { name } })));
  const read = await get(['a', 'b', 'c'].map(name => key('Several', name)));
  assert.deepEqual(names(read).sort(), ['a', 'b']);
});

await check('insert, insert again, update, update of nothing', async () => {
  await datastore.insert({ key: key('Change', 'a'), data: { n: 1 } });
  await rejectsWith(datastore.insert({ key: key('Change', 'a'), data: { n: 2 } }), ALREADY_EXISTS);
  await datastore.update({ key: key('Change', 'a'), data: { n: 3 } });
  assert.equal((await get(key('Change', 'a'))).n, 3);
  await rejectsWith(datastore.update({ key: key('Change', 'absent'), data: { n: 1 } }), NOT_FOUND);
});

await check('merge', async () => {
  await datastore.save({ key: key('Merge', 'a'), data: { kept: 1, replaced: 1 } });
  await datastore.merge({ key: key('Merge', 'a'), data: { replaced: 2, added: 3 } });
  const read = await get(key('Merge', 'a'));
  assert.deepEqual(JSON.parse(JSON.stringify(read)), { kept: 1, replaced: 2, added: 3 });
});

await check('delete, and delete again', async () => {
  await datastore.delete(key('Change', 'a'));
  assert.equal(await get(key('Change', 'a')), undefined);
  await datastore.delete(key('Change', 'a'));
});

await check('automatic ids and allocated ids', async () => {
  const automatic = key('Auto');
  await datastore.save({ key: automatic, data: { n: 1 } });
  assert.ok(automatic.id);
  assert.equal((await get(automatic)).n, 1);
  const [allocated] = await datastore.allocateIds(key('Auto'), 3);
  assert.equal(new Set(allocated.map(one => one.id)).size, 3);
});

await check('values that are too long', async () => {
  const long = 'x'.repeat(1501);
  await rejectsWith(datastore.save({ key: key('Long', 'a'), data: { long } }), INVALID_ARGUMENT);
  await datastore.save({ key: key('Long', 'a'), data: { long, list: [{ long }] }, excludeFromIndexes: ['long', 'list[].long'] });
  assert.equal((await get(key('Long', 'a'))).long, long);
});

await check('namespaces and databases are separate', async () => {
  const apart = new Datastore({ projectId, namespace: 'apart' });
  const other = new Datastore({ projectId, databaseId: 'other' });
  await apart.save({ key: apart.key(['Space', 'a']), data: { n: 1 } });
  await other.save({ key: other.key(['Space', 'a']), data: { n: 2 } });
  assert.equal(await get(key('Space', 'a')), undefined);
  assert.equal((await apart.get(apart.key(['Space', 'a'])))[0].n, 1);
  assert.equal((await other.get(other.key(['Space', 'a'])))[0].n, 2);
  assert.equal((await apart.runQuery(apart.createQuery('Space')))[0].length, 1);
});

const book = name => datastore.key(['Library', 'main', 'Book', name]);
await datastore.save([
  { key: book('a'), data: { title: 'a', pages: 100, tags: ['red', 'old'], lent: true } },
  { key: book('b'), data: { title: 'b', pages: 200, tags: ['red'], lent: false } },
  { key: book('c'), data: { title: 'c', pages: 300, tags: ['blue', 'new'], lent: false } },
  { key: book('d'), data: { title: 'd', pages: 400, tags: ['blue'], lent: true } },
  { key: book('e'), data: { title: 'e', tags: [] } },
  { key: datastore.key(['Book', 'alone']), data: { title: 'alone', pages: 250, tags: ['red'], lent: false } },
]);
const books = () => datastore.createQuery('Book').hasAncestor(key('Library', 'main'));
const run = async query => names((await datastore.runQuery(query))[0]);

await check('query by kind and by ancestor', async () => {
  assert.equal((await run(datastore.createQuery('Book'))).length, 6);
  assert.deepEqual(await run(books()), ['a', 'b', 'c', 'd', 'e']);
});

await check('query with filters', async () => {
  const by = (...filters) => run(filters.reduce((query, filter) => query.filter(new PropertyFilter(...filter)), books()));
  assert.deepEqual(await by(['pages', '=', 200]), ['b']);
  assert.deepEqual(await by(['pages', '<', 300]), ['a', 'b']);
  assert.deepEqual(await by(['pages', '>=', 300]), ['c', 'd']);
  assert.deepEqual(await by(['pages', '>', 100], ['pages', '<=', 300]), ['b', 'c']);
  assert.deepEqual(await by(['tags', '=', 'red']), ['a', 'b']);
  assert.deepEqual(await by(['tags', '=', 'red'], ['tags', '=', 'old']), ['a']);
  assert.deepEqual(await by(['pages', 'IN', [100, 400]]), ['a', 'd']);
  assert.deepEqual(await by(['pages', 'NOT_IN', [100, 400]]), ['b', 'c']);
  assert.deepEqual(await by(['pages', '!=', 200]), ['a', 'c', 'd']);
  assert.deepEqual(await by(['__key__', '>', book('c')]), ['d', 'e']);
});

await check('query with composite filters', async () => {
  const cheap = new PropertyFilter('pages', '<', 150);
  const lent = new PropertyFilter('lent', '=', true);
  const blue = new PropertyFilter('tags', '=', 'blue');
  assert.deepEqual(await run(books().filter(and([lent, blue]))), ['d']);
  assert.deepEqual((await run(books().filter(or([lent, blue])))).sort(), ['a', 'c', 'd']);
  assert.deepEqual(await run(books().filter(and([cheap, or([lent, blue])]))), ['a']);
});

await check('query with orders', async () => {
  assert.deepEqual(await run(books().order('pages', { descending: true })), ['d', 'c', 'b', 'a']);
  assert.deepEqual(await run(books().order('lent').order('pages', { descending: true })), ['c', 'b', 'd', 'a']);
});

await check('query with limit, offset and cursors', async () => {
  assert.deepEqual(await run(books().limit(2)), ['a', 'b']);
  assert.deepEqual(await run(books().offset(1).limit(2)), ['b', 'c']);
  assert.deepEqual(await run(books().offset(9)), []);
  const [first, info] = await datastore.runQuery(books().order('pages').limit(2));
  assert.deepEqual(names(first), ['a', 'b']);
  assert.equal(info.moreResults, datastore.MORE_RESULTS_AFTER_LIMIT);
  const [second, last] = await datastore.runQuery(books().order('pages').start(info.endCursor));
  assert.deepEqual(names(second), ['c', 'd']);
  assert.equal(last.moreResults, datastore.NO_MORE_RESULTS);
  assert.deepEqual(await run(books().order('pages').end(info.endCursor)), ['a', 'b']);
});

await check('keys-only and projection queries', async () => {
  const [keys] = await datastore.runQuery(books().select('__key__').limit(1));
  assert.deepEqual(Object.keys(keys[0]), []);
  assert.equal(keys[0][datastore.KEY].name, 'a');
  const [projected] = await datastore.runQuery(books().select(['title', 'tags']).order('title'));
  assert.deepEqual(projected.map(row => `${row.title}:${row.tags}`), ['a:old', 'a:red', 'b:red', 'c:blue', 'c:new', 'd:blue']);
  const [grouped] = await datastore.runQuery(books().select(['lent']).groupBy(['lent']));
  assert.deepEqual(grouped.map(row => row.lent), [false, true]);
});

await check('query over many batches', async () => {
  const all = Array.from({ length: 700 }, (_, i) => ({ key: key('Many', `n${String(i).padStart(4, '0')}`), data: { i } }));
  await datastore.save(all.slice(0, 400));
  await datastore.save(all.slice(400));
  assert.deepEqual(await run(datastore.createQuery('Many').order('i')), all.map(one => one.key.name));
  assert.equal((await run(datastore.createQuery('Many').offset(10).limit(650))).length, 650);
  assert.equal((await get(all.map(one => one.key))).length, 700);
});

await check('query as a stream, and page by page', async () => {
  const streamed = [];
  for await (const entity of datastore.runQueryStream(datastore.createQuery('Many').order('i'))) {
    streamed.push(entity.i);
  }
  assert.deepEqual(streamed, Array.from({ length: 700 }, (_, i) => i));

  const paged = [];
  let cursor;
  do {
    const page = datastore.createQuery('Many').order('i').limit(150);
    const [entities, info] = await datastore.runQuery(cursor ? page.start(cursor) : page);
    paged.push(...entities.map(entity => entity.i));
    cursor = info.moreResults === datastore.NO_MORE_RESULTS ? undefined : info.endCursor;
  } while (cursor);
  assert.deepEqual(paged, streamed);
});

await check('count up to a limit, in a namespace and of nothing', async () => {
  const count = async query => (await datastore.runAggregationQuery(datastore.createAggregationQuery(query).count('n')))[0][0].n;
  assert.equal(await count(datastore.createQuery('Many')), 700);
  assert.equal(await count(datastore.createQuery('Many').limit(9)), 9);
  assert.equal(await count(datastore.createQuery('apart', 'Space')), 1);
  assert.equal(await count(datastore.createQuery('Nothing')), 0);
});

await check('aggregations', async () => {
  const aggregate = datastore.createAggregationQuery(books()).count('count').sum('pages', 'sum').average('pages', 'average');
  const [[result]] = await datastore.runAggregationQuery(aggregate);
  assert.deepEqual(result, { count: 5, sum: 1000, average: 250 });
});

await check('transaction that succeeds', async () => {
  await datastore.save({ key: key('Account', 'a'), data: { balance: 1 } });
  const transaction = datastore.transaction();
  await transaction.run();
  const [account] = await transaction.get(key('Account', 'a'));
  account.balance++;
  transaction.save({ key: key('Account', 'a'), data: account });
  await transaction.commit();
  assert.equal((await get(key('Account', 'a'))).balance, 2);
});

async function increment(disturb) {
  const transaction = datastore.transaction();
  await transaction.run();
  const [account] = await transaction.get(key('Account', 'a'));
  await disturb?.();
  account.balance++;
  transaction.save({ key: key('Account', 'a'), data: account });
  await transaction.commit();
}

await check('transaction that conflicts and is run again', async () => {
  await rejectsWith(increment(() => datastore.save({ key: key('Account', 'a'), data: { balance: 10 } })), ABORTED);
  await increment();
  assert.equal((await get(key('Account', 'a'))).balance, 11);
});

await check('transaction whose query conflicts', async () => {
  const transaction = datastore.transaction();
  await transaction.run();
  await transaction.runQuery(transaction.createQuery('Account'));
  await datastore.save({ key: key('Account', 'new'), data: { balance: 0 } });
  transaction.save({ key: key('Account', 'sum'), data: { balance: 11 } });
  await rejectsWith(transaction.commit(), ABORTED);
});

await check('transaction that is rolled back', async () => {
  const transaction = datastore.transaction();
  await transaction.run();
  transaction.save({ key: key('Account', 'never'), data: { balance: 1 } });
  await transaction.rollback();
  assert.equal(await get(key('Account', 'never')), undefined);
});

await check('transaction begun by its first read', async () => {
  const transaction = datastore.transaction();
  const [account] = await transaction.get(key('Account', 'a'));
  account.balance = 20;
  transaction.save({ key: key('Account', 'a'), data: account });
  await transaction.commit();
  assert.equal((await get(key('Account', 'a'))).balance, 20);
});

await check('read-only transaction sees one instant', async () => {
  const transaction = datastore.transaction({ readOnly: true });
  await transaction.run();
  assert.equal((await transaction.get(key('Account', 'a')))[0].balance, 20);
  await datastore.save({ key: key('Account', 'a'), data: { balance: 30 } });
  assert.equal((await transaction.get(key('Account', 'a')))[0].balance, 20);
  await transaction.commit();
  assert.equal((await get(key('Account', 'a'))).balance, 30);
});

// The two keys that the caller's cache has set before this script: the first expires absolutely, the second slides.
if (process.env.SESSION_EXPIRES_AT) {
  await check('session that the cache wrote', async () => {
    const session = await get(key('Session', 'session.of-the-cache'));
    assert.ok(Buffer.isBuffer(session.Value));
    assert.deepEqual(session.Value, Buffer.from([0, 1, 2, 253, 254, 255]));
    assert.ok(session.ExpiresAt instanceof Date);
    assert.equal(session.ExpiresAt.toISOString(), process.env.SESSION_EXPIRES_AT);
    const [sliding] = await datastore.get(key('Session', 'session.sliding'));
    assert.deepEqual(sliding.Value, Buffer.from('sliding'));
    assert.ok(sliding.ExpiresAt instanceof Date);
  });

  await check('session for the cache to read', async () => {
    const data = { Value: Buffer.from([9, 8, 7]), ExpiresAt: new Date(process.env.SESSION_EXPIRES_AT) };
    await datastore.save({ key: key('Session', 'session.of-node'), data, excludeFromIndexes: ['Value', 'ExpiresAt'] });
  });
}

console.log(failures === 0 ? 'all checks passed' : `${failures} checks failed`);
process.exit(failures === 0 ? 0 : 1);
