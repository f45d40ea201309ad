import { beforeEach, describe, expect, it } from 'vitest';
import { Connection, delayFor, parseFrame, type Link, type SourceEvents } from '../src/lib/connection';
import type { Frame } from '../src/lib/types';
import { eventRow } from './rows';

/** A browser and a server in one: a clock that is turned by hand, and streams that do as they are told. */
class World {
  time = 0;
  opened: (number | null)[] = [];
  closed = 0;
  frames: Frame[] = [];
  links: Link[] = [];
  timers: { at: number; then: () => void }[] = [];
  events: SourceEvents | null = null;

  connection = new Connection({
    open: (lastId, events) => {
      this.opened.push(lastId);
      this.events = events;
      return { close: () => (this.closed += 1) };
    },
    after: (ms, then) => {
      const timer = { at: this.time + ms, then };
      this.timers.push(timer);
      return () => (this.timers = this.timers.filter((other) => other !== timer));
    },
    now: () => this.time,
    random: () => 0.5,
    frame: (frame) => this.frames.push(frame),
    link: (link) => this.links.push(link),
  });

  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const next = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = next.at;
      next.then();
    }
    this.time = end;
  }

  say(frame: unknown, id = ''): void {
    this.events?.message(JSON.stringify(frame), id);
  }

  connect(): void {
    this.say({ type: 'connected', timestamp: 'now' });
  }

  event(id: number): void {
    this.say({ type: 'event', payload: eventRow({ id }) }, String(id));
  }
}

let world: World;
beforeEach(() => {
  world = new World();
  world.connection.open();
});

describe('Connection', () => {
  it('streams once the first frame is there', () => {
    expect(world.links).toEqual([]);
    world.connect();
    expect(world.links).toEqual(['streaming']);
    expect(world.opened).toEqual([null]);
  });

  it('resumes after the last event it saw', () => {
    world.connect();
    world.event(7);
    world.event(9);
    world.event(8);
    world.events?.error();
    expect(world.links).toEqual(['streaming', 'reconnecting']);
    world.pass(1000);
    expect(world.opened).toEqual([null, 9]);
    world.connect();
    expect(world.connection.link).toBe('streaming');
  });

  it('resumes after events that were fetched', () => {
    world.connect();
    world.connection.note(40);
    world.connection.note(12);
    world.events?.error();
    world.pass(1000);
    expect(world.opened).toEqual([null, 40]);
  });

  it('says that it is disconnected after three tries, and goes on with growing delays', () => {
    const times: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      const before = world.opened.length;
      world.events?.error();
      const from = world.time;
      while (world.opened.length === before) world.pass(50);
      times.push(world.time - from);
    }
    expect(world.links).toEqual(['reconnecting', 'disconnected']);
    expect(times[0]).toBeLessThan(600);
    expect(times[3]).toBeGreaterThan(3000);
    expect(times[7]).toBeLessThanOrEqual(15_100);
  });

  it('does not hammer a server that accepts and hangs up at once', () => {
    for (let i = 0; i < 5; i += 1) {
      world.connect();
      world.events?.error();
      world.pass(20_000);
    }
    const opened = world.opened.length;
    world.connect();
    world.events?.error();
    world.pass(5_000);
    expect(world.opened.length).toBe(opened);
  });

  it('starts with short delays again after a connection that lived', () => {
    for (let i = 0; i < 5; i += 1) {
      world.events?.error();
      world.pass(20_000);
    }
    world.connect();
    world.pass(6_000);
    world.events?.error();
    const opened = world.opened.length;
    world.pass(700);
    expect(world.opened.length).toBe(opened + 1);
  });

  it('ignores a stream that it has given up', () => {
    world.connect();
    const old = world.events;
    world.events?.error();
    world.pass(1000);
    const frames = world.frames.length;
    old?.message(JSON.stringify({ type: 'event', payload: eventRow({ id: 99 }) }), '99');
    old?.error();
    expect(world.frames.length).toBe(frames);
    expect(world.connection.lastId).toBeNull();
  });

  it('gives up a try that never answers', () => {
    world.pass(11_000);
    expect(world.opened.length).toBe(2);
  });

  it('notices silence where frames came regularly', () => {
    world.connect();
    world.say({ type: 'stats', payload: {} });
    world.pass(5_000);
    world.say({ type: 'stats', payload: {} });
    world.pass(15_000);
    expect(world.connection.link).toBe('streaming');
    world.pass(15_000);
    expect(world.links).toContain('reconnecting');
  });

  it('does not mistake a quiet server for a dead one', () => {
    world.connect();
    world.pass(600_000);
    expect(world.connection.link).toBe('streaming');
    expect(world.opened.length).toBe(1);
  });

  it('sleeps without a timer, and wakes where it was', () => {
    world.connect();
    world.event(5);
    world.connection.sleep();
    expect(world.timers).toEqual([]);
    expect(world.connection.link).toBe('asleep');
    world.connection.retry();
    expect(world.opened).toEqual([null, 5]);
    world.connect();
    expect(world.connection.link).toBe('streaming');
  });

  it('leaves a working stream alone when asked to retry', () => {
    world.connect();
    world.connection.retry();
    expect(world.opened.length).toBe(1);
  });
});

describe('frames and delays', () => {
  it('reads frames and nothing else', () => {
    expect(parseFrame('{"type":"connected"}')).toEqual({ type: 'connected' });
    for (const bad of ['', 'x', '[]', 'null', '{"type":1}', '3']) expect(parseFrame(bad)).toBeNull();
  });

  it('spreads and bounds the delays', () => {
    expect(delayFor(0, 0)).toBe(375);
    expect(delayFor(0, 1)).toBe(625);
    expect(delayFor(50, 1)).toBe(18_750);
  });
});
