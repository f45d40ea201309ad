import { describe, expect, it } from 'vitest';
import { choice, flag, readParams, text, whole, writeParams } from '../src/lib/params';
import { matchPath, sessionPath, titleFor } from '../src/lib/routes';

const SPEC = { by: choice(['model', 'agent'], 'model'), agent: text, page: whole(1, 1), errors: flag };

describe('the parameters of a page', () => {
  it('round-trip, and defaults are left out', () => {
    const found = readParams(SPEC, '?by=agent&agent=a%26b&page=3&errors=1');
    expect(found).toEqual({ by: 'agent', agent: 'a&b', page: 3, errors: true });
    expect(writeParams(SPEC, '?x=1', found)).toBe('?x=1&by=agent&agent=a%26b&page=3&errors=1');
    expect(writeParams(SPEC, '?by=agent&page=3', readParams(SPEC, ''))).toBe('');
  });

  it('fall back on what they do not know', () => {
    const bad = readParams(SPEC, '?by=nope&agent=%20&page=-2&errors=0');
    expect(bad).toEqual(readParams(SPEC, ''));
    expect(readParams(SPEC, '?page=1e9').page).toBe(1);
    expect(readParams(SPEC, '?page=0').page).toBe(1);
  });

  it('change one at a time', () => {
    expect(writeParams(SPEC, '?by=agent&page=3', { page: 4 })).toBe('?by=agent&page=4');
    expect(writeParams(SPEC, '?by=agent&page=3', { by: 'model' })).toBe('?page=3');
  });
});

describe('a path', () => {
  it('leads to its page', () => {
    expect(matchPath('/').page).toBe('live');
    expect(matchPath('/cost').page).toBe('cost');
    expect(matchPath('/cost/').page).toBe('missing');
    expect(matchPath('/index.php').page).toBe('missing');
    expect(titleFor('activity')).toBe('Activity');
  });

  it('of a session carries any id', () => {
    for (const id of ['s1', 'a/b c?d#e', '../x', 'セッション', '%2F']) {
      expect(matchPath(sessionPath(id))).toEqual({ page: 'session', id });
    }
    expect(matchPath('/sessions/a/b').page).toBe('missing');
    expect(matchPath('/sessions/').page).toBe('missing');
    expect(matchPath('/sessions/%E0%A4%A').page).toBe('missing');
  });
});
