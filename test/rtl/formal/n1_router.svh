  // SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
  // No loss, no duplication, nothing invented, nobody starved. One packet, of any input, at any time (f_pick is free), with any mask and
  // contents, is watched among any others. A router does not look into payloads, so bit 0 of the payload may tell it from all others:
  // whatever leaves with it is a copy of the watched packet, and if none is ever picked nothing may leave with it at all. Queues have two
  // words (their own proof is rv_fifo.svh); the places behind the outputs are any, but steady.
  localparam int FB = n1_pkg::FLIT_BITS;
  localparam int MB = n1_pkg::MASK_BITS;
  localparam int LOW = FB - MB;
  (* anyconst *) logic [2:0] f_in;
  (* anyconst *) logic [2:0] f_out;  // An output, for what holds of each of them.
  (* anyconst *) logic f_tag;
  (* anyconst *) logic [5*MB-1:0] f_behind;
  (* anyseq *) logic f_pick;
  logic f_past = 1'b0;
  logic f_seen;              // It has been accepted.
  logic f_inside;            // It has not been popped.
  logic f_ahead;             // A packet is before it in its queue.
  logic [FB-1:0] f_word;
  logic [4:0] f_left;        // Copies that have left.
  logic [4:0] f_wants, f_leaves, f_moves;
  logic f_accept;
  logic [2:0] f_waited;      // Packets that output f_out has served while the watched one wanted it at the head.
  logic [2:0] f_distance;    // Inputs that output f_out would serve before it.
  logic f_asks, f_was_offer;
  logic [FB-1:0] f_offer, f_offered;

  // Ports by number.
  logic [5*FB-1:0] f_ins, f_outs;
  assign f_ins  = {in_l_i, in_s_i, in_n_i, in_w_i, in_e_i};
  assign f_outs = {{MB{1'b0}}, out_l_o, out_s_o, out_n_o, out_w_o, out_e_o};
  // Queues by number.
  logic [4:0] f_valid, f_second, f_ready, f_read, f_write;
  logic [5*FB-1:0] f_heads, f_seconds;
  assign f_valid   = {\g_input[4].u_fifo.valid_q , \g_input[3].u_fifo.valid_q , \g_input[2].u_fifo.valid_q , \g_input[1].u_fifo.valid_q , \g_input[0].u_fifo.valid_q };
  assign f_second  = {\g_input[4].u_fifo.count_q , \g_input[3].u_fifo.count_q , \g_input[2].u_fifo.count_q , \g_input[1].u_fifo.count_q , \g_input[0].u_fifo.count_q };
  assign f_ready   = {\g_input[4].u_fifo.ready_q , \g_input[3].u_fifo.ready_q , \g_input[2].u_fifo.ready_q , \g_input[1].u_fifo.ready_q , \g_input[0].u_fifo.ready_q };
  assign f_read    = {\g_input[4].u_fifo.read_q , \g_input[3].u_fifo.read_q , \g_input[2].u_fifo.read_q , \g_input[1].u_fifo.read_q , \g_input[0].u_fifo.read_q };
  assign f_write   = {\g_input[4].u_fifo.write_q , \g_input[3].u_fifo.write_q , \g_input[2].u_fifo.write_q , \g_input[1].u_fifo.write_q , \g_input[0].u_fifo.write_q };
  assign f_heads   = {\g_input[4].u_fifo.head_q , \g_input[3].u_fifo.head_q , \g_input[2].u_fifo.head_q , \g_input[1].u_fifo.head_q , \g_input[0].u_fifo.head_q };
  assign f_seconds = {\g_input[4].u_fifo.ring [0], \g_input[3].u_fifo.ring [0], \g_input[2].u_fifo.ring [0], \g_input[1].u_fifo.ring [0], \g_input[0].u_fifo.ring [0]};

  assign f_accept = f_pick && !f_seen && in_valid_i[f_in] && in_ready_o[f_in];
  always_comb begin
    for (int o = 0; o < 5; o++) begin
      f_wants[o]  = (f_word[FB-1:LOW] & f_behind[o*MB+:MB]) != '0;
      f_moves[o]  = out_valid_o[o] && out_ready_i[o];
      f_leaves[o] = f_moves[o] && f_outs[o*FB] == f_tag;
    end
  end
  logic [FB-1:0] f_in_word;
  logic [2:0] f_turn;  // Input that output f_out serves first.
  always_comb begin
    f_offer = '0;
    f_in_word = '0;
    f_turn = '0;
    for (int k = 0; k < 5; k++) begin
      if (f_out == 3'(k)) f_offer = f_outs[k*FB+:FB];
      if (f_out == 3'(k)) f_turn = next_q[3*k+:3];
      if (f_in == 3'(k)) f_in_word = f_ins[k*FB+:FB];
    end
  end
  assign f_asks = f_inside && !f_ahead && f_wants[f_out] && !f_left[f_out];
  assign f_distance = (f_in >= f_turn) ? f_in - f_turn : 3'(4'(f_in) + 4'd5 - 4'(f_turn));

  always_ff @(posedge clk_i) begin
    f_past <= 1'b1;
    f_left <= f_left | f_leaves;
    f_was_offer <= out_valid_o[f_out] && !out_ready_i[f_out];
    f_offered <= f_offer;
    if (f_accept) begin
      f_seen <= 1'b1;
      f_inside <= 1'b1;
      f_word <= f_in_word;
      f_ahead <= f_valid[f_in] && !pop[f_in];
    end else if (f_inside && pop[f_in]) begin
      f_ahead <= 1'b0;
      if (!f_ahead) f_inside <= 1'b0;
    end
    if (!f_asks) f_waited <= '0;
    else if (f_moves[f_out]) f_waited <= f_waited + 3'd1;
    if (rst_i) begin
      f_seen <= 1'b0;
      f_inside <= 1'b0;
      f_left <= '0;
      f_waited <= '0;
      f_was_offer <= 1'b0;
    end
  end

  always_comb begin
    assume (f_in < 3'd5 && f_out < 3'd5);
    assume ({behind_l_i, behind_s_i, behind_n_i, behind_w_i, behind_e_i} == f_behind);
    for (int i = 0; i < 5; i++)
      if (in_valid_i[i] && in_ready_o[i]) assume ((f_ins[i*FB] == f_tag) == (f_accept && f_in == 3'(i)));
    if (!f_past) assume (rst_i);
    if (f_past && !rst_i) begin
      // Nothing else leaves, and nothing twice: what does is a copy that has still to, whole, with the destinations behind its output.
      for (int o = 0; o < 5; o++) begin
        if (f_leaves[o]) begin
          assert (f_seen && f_wants[o] && !f_left[o]);
          assert (f_outs[o*FB+:LOW] == f_word[LOW-1:0]);
          if (o < 4) assert (f_outs[o*FB+LOW+:MB] == (f_word[FB-1:LOW] & f_behind[o*MB+:MB]));
        end
      end
      // Nothing is lost: as long as a copy has to leave the packet is in its place.
      if (f_seen && f_left != f_wants) assert (f_inside);
      // Nobody starves: an output serves four others at most before it.
      if (f_asks) assert (out_valid_o[f_out] && {1'b0, f_waited} + f_distance <= 4'd4);
      // What is offered stays until it is taken.
      if (f_was_offer) assert (out_valid_o[f_out] && f_offer == f_offered);

      // What ties registers together.
      for (int i = 0; i < 5; i++) begin
        assert (f_ready[i] == !f_second[i] && (f_valid[i] || !f_second[i]) && !f_read[i] && !f_write[i]);
        assert (f_valid[i] || served_q[5*i+:5] == '0);
        if (f_valid[i]) assert ((f_heads[i*FB] == f_tag) == (f_inside && f_in == 3'(i) && !f_ahead));
        if (f_second[i]) assert ((f_seconds[i*FB] == f_tag) == (f_inside && f_in == 3'(i) && f_ahead));
        if (f_inside && f_in == 3'(i)) begin
          if (f_ahead) assert (f_second[i] && f_seconds[i*FB+:FB] == f_word && f_left == '0);
          else assert (f_valid[i] && f_heads[i*FB+:FB] == f_word && served_q[5*i+:5] == f_left);
        end
        assert (next_q[3*i+:3] < 3'd5);
      end
      if (!f_seen) assert (!f_inside && f_left == '0);
      else assert ((f_left & ~f_wants) == '0);

      cover (f_seen && !f_inside && f_wants == 5'b11111);
      cover (f_inside && f_left == 5'b10001 && f_wants == 5'b11111);
      cover (f_waited == 3'd1);
      cover (f_inside && f_ahead);
    end
  end
