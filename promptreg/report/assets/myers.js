// Myers' greedy difference, weighted matching and sliding; the twin of _myers.py.
// A block is [oldStart, oldEnd, newStart, newEnd].

export function changedBlocks(a, b, limit) {
  const whole = trimBlock(a, b, [0, a.length, 0, b.length]);
  const noOld = whole[0] === whole[1];
  const noNew = whole[2] === whole[3];
  if (noOld && noNew) return [];
  if (noOld || noNew) return [whole];
  const ids = new Map();
  const number = (item) => {
    if (!ids.has(item)) ids.set(item, ids.size);
    return ids.get(item);
  };
  const x = a.slice(whole[0], whole[1]).map(number);
  const y = b.slice(whole[2], whole[3]).map(number);
  const trace = search(x, y, limit);
  return trace ? blocksOfTrace(x, y, trace).map((block) => shifted(block, whole[0])) : [whole];
}

export function heaviestBlocks(a, b, weight, limit) {
  const whole = trimBlock(a, b, [0, a.length, 0, b.length]);
  const x = a.slice(whole[0], whole[1]);
  const y = b.slice(whole[2], whole[3]);
  if (x.length * y.length > limit) return null;
  const best = Array.from({ length: x.length + 1 }, () => new Array(y.length + 1).fill(0));
  for (let i = x.length - 1; i >= 0; i--) {
    const value = weight(x[i]);
    for (let j = y.length - 1; j >= 0; j--) {
      const most = Math.max(best[i + 1][j], best[i][j + 1]);
      best[i][j] = y[j] === x[i] ? Math.max(most, best[i + 1][j + 1] + value) : most;
    }
  }
  const blocks = [];
  let i = 0;
  let j = 0;
  let fromI = 0;
  let fromJ = 0;
  const close = () => {
    if (fromI !== i || fromJ !== j) blocks.push([fromI, i, fromJ, j]);
  };
  while (i < x.length || j < y.length) {
    const both = i < x.length && j < y.length && x[i] === y[j];
    if (both && best[i][j] === best[i + 1][j + 1] + weight(x[i])) {
      close();
      i++;
      j++;
      fromI = i;
      fromJ = j;
    } else if (i < x.length && (j === y.length || best[i][j] === best[i + 1][j])) i++;
    else j++;
  }
  close();
  return blocks.map((block) => shifted(block, whole[0]));
}

export function trimBlock(a, b, [oldStart, oldEnd, newStart, newEnd]) {
  while (oldStart < oldEnd && newStart < newEnd && a[oldStart] === b[newStart]) {
    oldStart++;
    newStart++;
  }
  while (oldStart < oldEnd && newStart < newEnd && a[oldEnd - 1] === b[newEnd - 1]) {
    oldEnd--;
    newEnd--;
  }
  return [oldStart, oldEnd, newStart, newEnd];
}

function shifted(block, by) {
  return block.map((place) => place + by);
}

function search(a, b, limit) {
  const n = a.length;
  const m = b.length;
  const bound = Math.min(n + m, limit);
  const furthest = new Int32Array(2 * bound + 3);
  const middle = bound + 1;
  const trace = [];
  for (let edits = 0; edits <= bound; edits++) {
    trace.push(furthest.slice(middle - edits - 1, middle + edits + 2));
    for (let k = -edits; k <= edits; k += 2) {
      const at = middle + k;
      const down = k === -edits || (k !== edits && furthest[at - 1] < furthest[at + 1]);
      let x = down ? furthest[at + 1] : furthest[at - 1] + 1;
      let y = x - k;
      while (x < n && y < m && a[x] === b[y]) {
        x++;
        y++;
      }
      furthest[at] = x;
      if (x >= n && y >= m) return trace;
    }
  }
  return null;
}

function blocksOfTrace(a, b, trace) {
  const blocks = [];
  let x = a.length;
  let y = b.length;
  for (let edits = trace.length - 1; edits > 0; edits--) {
    const row = trace[edits];
    const k = x - y;
    const at = edits + 1 + k;
    const down = k === -edits || (k !== edits && row[at - 1] < row[at + 1]);
    const fromX = down ? row[at + 1] : row[at - 1];
    const fromY = fromX - (down ? k + 1 : k - 1);
    const endX = down ? fromX : fromX + 1;
    const endY = down ? fromY + 1 : fromY;
    const last = blocks.at(-1);
    if (last && last[0] === endX && last[2] === endY) {
      last[0] = fromX;
      last[2] = fromY;
    } else blocks.push([fromX, endX, fromY, endY]);
    x = fromX;
    y = fromY;
  }
  return blocks.reverse();
}

export function slideBlocks(a, b, blocks, boundary) {
  const moved = [];
  blocks.forEach((block, at) => {
    const before = moved.at(-1) ?? [0, 0, 0, 0];
    const after = blocks[at + 1] ?? [a.length, 0, b.length, 0];
    let shift = 0;
    if (block[0] === block[1]) shift = bestShift(b, block[2], block[3], before[3], after[2], boundary);
    else if (block[2] === block[3]) shift = bestShift(a, block[0], block[1], before[1], after[0], boundary);
    moved.push(shifted(block, shift));
  });
  return moved;
}

function bestShift(items, start, end, from, to, boundary) {
  let lowest = 0;
  while (start + lowest > from && items[start + lowest - 1] === items[end + lowest - 1]) lowest--;
  let highest = 0;
  while (end + highest < to && items[start + highest] === items[end + highest]) highest++;
  let best = 0;
  let bestRating = -1;
  for (let shift = lowest; shift <= highest; shift++) {
    const rating = boundary(items, start + shift) + boundary(items, end + shift);
    if (rating >= bestRating) {
      best = shift;
      bestRating = rating;
    }
  }
  return best;
}
