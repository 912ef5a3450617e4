  // SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
  // Order and no loss of rv_fifo. One word, of any value, at any time (f_pick is free), is followed from push to pop: at every moment it
  // lies where the words ahead of it say, and when none is ahead it is what comes out. As the word is any one, this holds for all: each
  // word pushed leaves once, after those before it and before those after it. The other properties tie registers together.
  (* anyseq *) logic f_pick;
  logic f_past = 1'b0;
  logic f_follows = 1'b0;         // A word is being followed ...
  logic f_done = 1'b0;            // ... or has left.
  logic [WIDTH-1:0] f_word;
  logic [COUNT_BITS:0] f_ahead;   // Words that leave before it.
  logic [COUNT_BITS:0] f_level;   // Words in the queue.
  logic [COUNT_BITS:0] f_pushed;  // Words in the queue by counting both sides, not by the queue's registers.
  logic [PLACE_BITS:0] f_place;   // Its place in the ring, once it is behind the head.
  logic [PLACE_BITS:0] f_end;     // Where the ring's words end, which is where the next one goes.
  assign f_level = {1'b0, count_q} + {{COUNT_BITS{1'b0}}, valid_q};
  // Place of the n-th word behind read_q, n below RING; the sum wraps once at most.
  logic [COUNT_BITS+1:0] f_place_sum;
  logic [COUNT_BITS+1:0] f_end_sum;
  assign f_place_sum = (COUNT_BITS + 2)'(read_q) + {1'b0, f_ahead} - 1'b1;
  assign f_end_sum   = (COUNT_BITS + 2)'(read_q) + (COUNT_BITS + 2)'(count_q);
  assign f_place = (PLACE_BITS + 1)'((f_place_sum >= (COUNT_BITS + 2)'(RING)) ? f_place_sum - (COUNT_BITS + 2)'(RING) : f_place_sum);
  assign f_end   = (PLACE_BITS + 1)'((f_end_sum >= (COUNT_BITS + 2)'(RING)) ? f_end_sum - (COUNT_BITS + 2)'(RING) : f_end_sum);

  always_ff @(posedge clk_i) begin
    f_past <= 1'b1;
    if (rst_i) begin
      f_follows <= 1'b0;
      f_done    <= 1'b0;
      f_pushed  <= '0;
    end else begin
      f_pushed <= f_pushed + {{COUNT_BITS{1'b0}}, in_valid_i && in_ready_o} - {{COUNT_BITS{1'b0}}, out_valid_o && out_ready_i};
      if (f_pick && in_valid_i && in_ready_o && !f_follows && !f_done) begin
        f_follows <= 1'b1;
        f_word    <= in_data_i;
        f_ahead   <= f_pushed - {{COUNT_BITS{1'b0}}, out_valid_o && out_ready_i};
      end else if (f_follows && out_valid_o && out_ready_i) begin
        f_ahead <= f_ahead - 1'b1;
        if (f_ahead == 0) begin
          f_follows <= 1'b0;
          f_done    <= 1'b1;
        end
      end
    end
  end

  always_comb begin
    if (!f_past) assume (rst_i);
    if (f_past) begin
      assert (count_q <= RING);
      assert (read_q < RING && write_q < RING);
      assert (write_q == f_end);
      assert (valid_q || count_q == 0);
      assert (ready_q == (count_q != RING));
      assert (f_pushed == f_level);
      if (f_follows) begin
        assert (f_ahead < f_level);
        if (f_ahead == 0) assert (out_valid_o && out_data_o == f_word);
        else assert (ring[f_place] == f_word);
      end
      cover (f_done && f_pushed == 0);
      cover (f_pushed == DEPTH);
      cover (f_follows && f_ahead == RING);
    end
  end
